import { beforeAll, expect, it } from "vitest";
import { at, copyGraph, ended, NAMESPACE, signIn, start, visits } from "./stage";

const visit = visits();
const graph = () => visit.page.getByRole("combobox", { name: "Graph" });
const link = (run: string) => visit.page.getByRole("link", { name: run.slice(0, 13) });

let kept: string;
let other: string;

beforeAll(async () => {
  await copyGraph("fan", "sought");
  [kept, other] = await Promise.all([
    start("sought", { inputs: { width: "1" } }),
    start("fan", { inputs: { width: "1" } }),
  ]);
  expect(await ended(kept)).toBe("SUCCESS");
  expect(await ended(other)).toBe("SUCCESS");
});

it("filters by graph, and an address that is sent on shows the same", async () => {
  await signIn(visit.page, at("runs"));
  await link(other).waitFor();
  await graph().selectOption("sought");
  await link(kept).waitFor();
  await link(other).waitFor({ state: "detached" });
  expect(visit.page.url()).toContain("graph=sought");
  await visit.page.reload();
  await link(kept).waitFor();
  expect(await graph().inputValue()).toBe("sought");
  expect(await link(other).count()).toBe(0);
});

it("filters by time: back from now, and between two moments", async () => {
  await signIn(visit.page, `${at("runs")}?graph=sought`);
  const created = visit.page.getByLabel("Created");
  await created.selectOption("15m");
  await link(kept).waitFor();
  await created.selectOption("between");
  await visit.page.getByLabel("To", { exact: true }).fill("2020-01-01T00:00");
  await visit.page.getByText("No run fits").waitFor();
  await visit.page.getByLabel("To", { exact: true }).fill("2090-01-01T00:00");
  await visit.page.getByLabel("From", { exact: true }).fill("2020-01-01T00:00");
  await link(kept).waitFor();
  await created.selectOption("at any time");
  expect(visit.page.url()).not.toContain("after=");
});

it("opens a run by its id, and says so where there is none of it", async () => {
  await signIn(visit.page, at("runs"));
  const id = visit.page.getByLabel("Id", { exact: true });
  await id.fill(kept.replace(/^.{8}/, "00000000"));
  await id.press("Enter");
  await visit.page.getByText(`namespace '${NAMESPACE}' has no run`, { exact: false }).waitFor();
  await id.fill(` ${kept} `);
  await id.press("Enter");
  await visit.page.getByRole("heading", { level: 1 }).getByText("sought").waitFor();
});
