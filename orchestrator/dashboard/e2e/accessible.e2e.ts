import axe, { type AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { at, ended, signIn, start, URI, visits } from "./stage";

let run: string;
let failed: string;

beforeAll(async () => {
  [run, failed] = await Promise.all([
    start("fan", { inputs: { width: "12" } }),
    start("fragile", { store: { cure: "none" } }),
  ]);
  expect(await ended(run)).toBe("SUCCESS");
  expect(await ended(failed)).toBe("FAILED");
});

/** What axe has to complain about that keeps somebody from using the page, a line each. */
async function complaints(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  // As text: what is imported here is not what the page has.
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run({ runOnly: ${JSON.stringify(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])} })`,
  );
  return violations
    .filter((found) => found.impact === "serious" || found.impact === "critical")
    .flatMap((found) =>
      found.nodes.map((node) => `${found.id}: ${node.target.join(" ")}: ${node.failureSummary}`),
    );
}

/** Each page, and how one knows that it is all there. */
type Looked = [name: string, address: () => string, there: (page: Page) => Promise<unknown>];
const PAGES: Looked[] = [
  ["overview", () => at(), (page) => page.getByRole("heading", { name: "Queues" }).waitFor()],
  ["runs", () => at("runs"), (page) => page.getByRole("link", { name: failed.slice(0, 13) }).waitFor()],
  ["run", () => at("runs", run), (page) => page.locator(".react-flow__node").nth(2).waitFor()],
  ["run that failed", () => at("runs", failed), (page) => page.locator(".state-row").first().waitFor()],
  [
    "run's timeline",
    () => `${at("runs", run)}?tab=timeline`,
    (page) => page.getByRole("tabpanel", { name: "Timeline" }).waitFor(),
  ],
  [
    "graphs",
    () => at("graphs"),
    (page) => page.getByRole("link", { name: "fragile", exact: true }).waitFor(),
  ],
  ["graph", () => at("graphs", "fragile"), (page) => page.locator(".react-flow__node").nth(2).waitFor()],
  ...["schedules", "versions", "source"].map((tab): Looked => [
    `graph's ${tab}`,
    () => `${at("graphs", "fragile")}?tab=${tab}`,
    (page) => page.getByRole("tabpanel", { name: new RegExp(tab, "i") }).waitFor(),
  ]),
  ["nodes", () => at("nodes"), (page) => page.getByRole("link", { name: "Fragile" }).first().waitFor()],
  ["admin", () => at("admin"), (page) => page.getByRole("tab", { name: "API keys" }).waitFor()],
  [
    "audit log",
    () => `${at("admin")}?tab=audit`,
    (page) => page.getByRole("tabpanel", { name: "Audit log" }).getByRole("row").nth(1).waitFor(),
  ],
  [
    "settings",
    () => `${at("admin")}?tab=settings`,
    (page) => page.getByRole("row").filter({ hasText: "EXOSPHERE_MAX_FAN_OUT" }).waitFor(),
  ],
  [
    "editor",
    () => at("graphs", "fragile", "edit"),
    (page) => page.getByRole("region", { name: "What is wrong" }).getByText("valid: it can run").waitFor(),
  ],
  [
    "new graph",
    () => at("graphs", "-new"),
    (page) => page.getByRole("region", { name: "What is wrong" }).waitFor(),
  ],
  [
    "run's events",
    () => `${at("runs", run)}?tab=events`,
    (page) => page.getByRole("tabpanel", { name: "Events" }).waitFor(),
  ],
  [
    "run's store",
    () => `${at("runs", failed)}?tab=store`,
    (page) => page.getByRole("tabpanel", { name: /^Store/ }).waitFor(),
  ],
];

for (const colorScheme of ["light", "dark"] as const) {
  describe(`in ${colorScheme} colours`, () => {
    const visit = visits({ colorScheme });

    it("axe finds nothing serious on the sign-in", async () => {
      await visit.page.goto(URI);
      await visit.page.getByLabel("API key").waitFor();
      expect(await complaints(visit.page)).toEqual([]);
    });

    for (const [name, address, there] of PAGES) {
      it(`axe finds nothing serious on the page ${name}`, async () => {
        await signIn(visit.page, address());
        await there(visit.page);
        expect(await complaints(visit.page)).toEqual([]);
      });
    }

    it("axe finds nothing serious in the form that starts a run", async () => {
      await signIn(visit.page, at("graphs", "fan"));
      await visit.page.getByRole("button", { name: "Start a run", exact: true }).click();
      await visit.page.getByLabel("width").waitFor();
      expect(await complaints(visit.page)).toEqual([]);
    });
  });
}
