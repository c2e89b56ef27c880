import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { at, signIn, start, visits } from "./stage";

const visit = visits();

const WIDTH = 10_000;
const STATES = 2 * WIDTH + 1;
/** However large a run is, its page has no more elements than this. */
const MOST_ELEMENTS = 2500;

declare global {
  interface Window {
    /** How long the page could not answer, in ms, for each task that took long. */
    blocked: number[];
    began: number;
  }
}

/** Note each task that keeps the page from answering. */
async function watchTasks(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.blocked = [];
    window.began = performance.now();
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.blocked.push(entry.duration);
    }).observe({ type: "longtask" });
  });
}

const elements = (page: Page) => page.evaluate(() => document.querySelectorAll("*").length);

it("stays smooth while a fan-out of 10,000 runs: few elements, and it answers to who clicks about", async () => {
  const run = await start("fan", { inputs: { width: String(WIDTH) }, start_delay: 1500 });
  await signIn(visit.page, at("runs", run));
  const { page } = visit;
  await page.locator(".react-flow__node").nth(2).waitFor();
  await watchTasks(page);
  const done = page.getByText(`${STATES.toLocaleString("en")} success`);
  const panel = page.getByRole("complementary", { name: "State" });
  let answered = 0;
  while (!(await done.isVisible())) {
    await page.getByRole("tab", { name: "Events" }).click();
    await page.getByRole("tabpanel", { name: "Events" }).waitFor();
    await page.getByRole("tab", { name: "States" }).click();
    await page.locator(".state-row").first().getByRole("button").click();
    await panel.getByText("Inputs").waitFor();
    await panel.getByRole("button", { name: "Close the state" }).click();
    await panel.waitFor({ state: "detached" });
    answered += 1;
    expect(await elements(page)).toBeLessThan(MOST_ELEMENTS);
  }
  expect(answered).toBeGreaterThan(2);
  const { blocked, lasted } = await page.evaluate(() => ({
    blocked: window.blocked.reduce((sum, each) => sum + each, 0),
    lasted: performance.now() - window.began,
  }));
  // A page that draws each event is busy all the time; how fast the machine is does not matter to this.
  expect(blocked / lasted).toBeLessThan(0.5);

  // It is one node of the picture, and only states in sight are on the page.
  expect(await page.locator(".react-flow__node").count()).toBe(3);
  const rows = page.locator(".state-row");
  expect(await rows.count()).toBeLessThan(80);
  await page.locator(".states").evaluate((list) => list.scrollTo(0, list.scrollHeight));
  await page.getByText(/[4-9]00 loaded so far/).waitFor();
  expect(await rows.count()).toBeLessThan(80);
}, 180_000);
