import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { allow, at, ended, KEY, launch, NAMESPACE, signIn, start, URI, VIEWER_KEY, visit } from "./stage";

let browser: Browser;
let context: BrowserContext;
let page: Page;
let faults: string[];

beforeAll(async () => {
  browser = await launch();
});

afterAll(async () => {
  await browser.close();
});

beforeEach(async () => {
  ({ context, page, faults } = await visit(browser));
  page.setDefaultTimeout(20_000);
});

afterEach(async () => {
  await context.close();
  expect(faults).toEqual([]);
});

const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
const heading = () => page.getByRole("heading", { level: 1 });

it("asks for a key at any address, refuses a wrong one, and goes on to where one wanted to", async () => {
  await page.goto(at("graphs"));
  await page.getByLabel("API key").fill("wrong");
  await button("Sign in").click();
  await page.getByText("This is no good API key.").waitFor();
  await page.getByLabel("API key").fill(` ${KEY} `);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "fragile" }).waitFor();
  expect(page.url()).toBe(at("graphs"));
  // The key is in the session of this tab alone.
  expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain(KEY);
  expect(await page.evaluate(() => document.cookie)).toBe("");
  await button("Sign out").click();
  await page.getByLabel("API key").waitFor();
  expect(await page.evaluate(() => JSON.stringify(sessionStorage))).not.toContain(KEY);
});

it("signs in by a link, whose key is out of the address at once", async () => {
  await signIn(page, `${URI}/`);
  await heading().getByText("Overview").waitFor();
  expect(page.url()).toBe(at());
});

it("starts a run from the form, follows it live, and shows its end without being asked", async () => {
  await signIn(page, at("graphs", "fan"));
  await button("Start a run").click();
  await page.getByLabel("width").fill("40");
  await page.getByLabel("gate").fill("live");
  await button("Start").click();
  await page.getByText("live", { exact: true }).waitFor();
  await page.getByText("40 pending").waitFor();
  // However wide it is, a fan-out is one node of the picture.
  await page.locator(".react-flow__node").nth(2).waitFor();
  expect(await page.locator(".react-flow__node").count()).toBe(3);
  const close = allow("live");
  await heading().getByText("success").waitFor();
  await page.getByText("81 success").waitFor();
  close();
});

it("shows why a run failed, and retries it when the cause is gone", async () => {
  const run = await start("fragile", { store: { cure: "cure" } });
  expect(await ended(run)).toBe("FAILED");
  await signIn(page, at("runs", run));
  await page.getByLabel("Status").selectOption("errored");
  await page.locator(".state-row", { hasText: "no cure for" }).first().getByRole("button").click();
  const panel = page.getByRole("complementary", { name: "State" });
  await panel.getByText("no cure for", { exact: false }).first().waitFor();
  const close = allow("cure");
  await panel.getByRole("button", { name: "Retry", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Retry" }).click();
  await panel.getByRole("heading", { name: "fragile" }).waitFor();
  await panel.getByText("success", { exact: true }).waitFor();
  await button("Retry failed").click();
  await page.getByRole("dialog").getByRole("button", { name: "Retry" }).click();
  await heading().getByText("success").waitFor();
  close();
});

it("shows what a node returned as text, whatever it is", async () => {
  const run = await start("fan", { inputs: { width: "1" } });
  expect(await ended(run)).toBe("SUCCESS");
  await signIn(page, `${at("runs", run)}?node=work`);
  await page.locator(".state-row").first().getByRole("button").click();
  await page.getByText("<script>document.title='broken'</script>", { exact: false }).waitFor();
  expect(await page.title()).not.toContain("broken");
  expect(await page.locator("main img").count()).toBe(0);
});

it("cancels a run after asking", async () => {
  const run = await start("fan", { store: { gate: "never" } });
  await signIn(page, at("runs", run));
  await button("Cancel").click();
  await page.keyboard.press("Escape");
  expect(await page.getByRole("dialog").count()).toBe(0);
  await button("Cancel").click();
  await button("Cancel the run").click();
  await heading().getByText("cancelled").waitFor();
  expect(await ended(run)).toBe("CANCELLED");
});

it("filters the list of runs, keeps the filter in the address, and cancels all that are chosen", async () => {
  const runs = [
    await start("fan", { store: { gate: "never" } }),
    await start("fan", { store: { gate: "never" } }),
  ];
  const failed = await start("fragile", { store: { cure: "none" } });
  expect(await ended(failed)).toBe("FAILED");
  await signIn(page, at("runs"));
  await page.getByLabel("Status").selectOption("pending");
  await page.getByText(/2 fit of the newest/).waitFor();
  expect(page.url()).toContain("status=PENDING");
  await page.getByLabel("Choose all").check();
  await button("Cancel 2 pending").click();
  await button("Cancel them").click();
  await page.getByText("2 done.").waitFor();
  for (const run of runs) expect(await ended(run)).toBe("CANCELLED");
  await page.getByLabel("Status").selectOption("failed");
  await page.getByLabel("Id").fill(failed);
  await page.getByRole("link", { name: failed.slice(0, 13) }).click();
  await heading().getByText("fragile").waitFor();
});

it("offers a viewer nothing that changes anything", async () => {
  const run = await start("fragile", { store: { cure: "none" } });
  expect(await ended(run)).toBe("FAILED");
  await signIn(page, at("runs", run), VIEWER_KEY);
  await page.locator(".state-row").first().getByRole("button").click();
  await page.getByRole("complementary", { name: "State" }).getByText("Inputs").waitFor();
  for (const name of ["Retry failed", "Run again", "Retry", "Run again from here", "Cancel"]) {
    expect(await button(name).count()).toBe(0);
  }
  await page.goto(at("graphs", "fan"));
  await page.getByRole("link", { name: "Its runs" }).waitFor();
  expect(await button("Start a run").count()).toBe(0);
  await page.goto(at("runs"));
  await page.getByRole("link", { name: "fragile" }).first().waitFor();
  expect(await page.getByRole("checkbox").count()).toBe(0);
});

it("draws a fan-out of 10,000 as one node, and no more of its states than are in sight", async () => {
  const run = await start("fan", { inputs: { width: "10000" } });
  await signIn(page, at("runs", run));
  await page.getByText("20,001 success").waitFor({ timeout: 50_000 });
  expect(await page.locator(".react-flow__node").count()).toBe(3);
  const rows = page.locator(".state-row");
  expect(await rows.count()).toBeLessThan(80);
  await page.locator(".states").evaluate((list) => list.scrollTo(0, list.scrollHeight));
  await page.getByText(/[4-9]00 loaded so far/).waitFor();
  expect(await rows.count()).toBeLessThan(80);
});

it("leads from page to page by keyboard alone", async () => {
  await signIn(page, at());
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("content");
  await page.getByRole("link", { name: "Graphs", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "fan", exact: true }).focus();
  await page.keyboard.press("Enter");
  const node = button("work");
  await node.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("region", { name: "Node work" }).waitFor();
  await button("Start a run").focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("width").waitFor();
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("TEXTAREA");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Start a run");
});

it("says so when there is no such run, and a namespace that is empty teaches the next step", async () => {
  await signIn(page, at("runs", "0-nothing"));
  await page.getByText(`namespace '${NAMESPACE}' has no run`, { exact: false }).waitFor();
  await page.goto(`${URI}/ns/empty/graphs`);
  await page.getByText("exosphere graph apply").waitFor();
});
