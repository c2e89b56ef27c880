import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { allow, at, signIn, start, visits } from "./stage";

const visit = visits();

const WIDTH = 10_000;
const STATES = (2 * WIDTH + 1).toLocaleString("en");
/** However large a run is, its page has no more elements than this. */
const MOST_ELEMENTS = 2500;
/** How much of the time the page may be at work: what is left is for who clicks. */
const MOST_WORK = 0.8;

/** For how long the page was at work, whoever else had the processor meanwhile, and the time that it was asked; in s. */
async function workOf(page: Page): Promise<() => Promise<{ worked: number; at: number }>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    const valueOf = (name: string) => metrics.find((one) => one.name === name)?.value ?? Number.NaN;
    return { worked: valueOf("ThreadTime"), at: valueOf("Timestamp") };
  };
}

/** Click about: each click is answered, and the page stays small. */
async function clickAbout(page: Page): Promise<void> {
  const panel = page.getByRole("complementary", { name: "State" });
  await page.getByRole("tab", { name: "Events" }).click();
  await page.getByRole("tabpanel", { name: "Events" }).waitFor();
  await page.getByRole("tab", { name: "States" }).click();
  await page.locator(".state-row").first().getByRole("button").click();
  await panel.getByText("Inputs").waitFor();
  await panel.getByRole("button", { name: "Close the state" }).click();
  await panel.waitFor({ state: "detached" });
  expect(await page.evaluate(() => document.querySelectorAll("*").length)).toBeLessThan(MOST_ELEMENTS);
}

it("stays smooth while a fan-out of 10,000 runs, and has of it what is in sight", async () => {
  const run = await start("fan", { inputs: { width: String(WIDTH) }, store: { gate: "large" } });
  const { page } = visit;
  await signIn(page, at("runs", run));
  const done = page.getByText(`${STATES} success`);
  const work = await workOf(page);
  await page.getByText("live", { exact: true }).waitFor();
  const before = await work();
  // Nothing ends before this: it is clicked about in while it runs.
  for (let times = 0; times < 3; times += 1) await clickAbout(page);
  const close = allow("large");
  while (!(await done.isVisible())) await clickAbout(page);
  close();
  const after = await work();
  expect((after.worked - before.worked) / (after.at - before.at)).toBeLessThan(MOST_WORK);

  // It is one node of the picture, and only states in sight are on the page.
  expect(await page.locator(".react-flow__node").count()).toBe(3);
  const rows = page.locator(".state-row");
  expect(await rows.count()).toBeLessThan(80);
  await page.locator(".states").evaluate((list) => list.scrollTo(0, list.scrollHeight));
  await page.getByText(/[4-9]00 loaded so far/).waitFor();
  expect(await rows.count()).toBeLessThan(80);
}, 180_000);
