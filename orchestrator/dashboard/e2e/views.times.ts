/** Tells how long first views and changes of page take here: `make view-times`. It asserts nothing: times are those of a machine
 * and of what else it does. */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, it } from "vitest";
import { at, ended, KEY, launch, NAMESPACE, start, URI } from "./stage";

const VIEWS = 15;

declare global {
  interface Window {
    /** When the heading that is looked for had been painted, in ms since the page was asked for. */
    painted: number | undefined;
    lookFor(heading: string): void;
  }
}

let browser: Browser;
let run = "";

beforeAll(async () => {
  browser = await launch();
  run = await start("fan", { inputs: { width: "5" } });
  await ended(run);
});

afterAll(async () => {
  await browser.close();
});

/** In the page: note the first frame after the one that has the heading. Asking from outside looks too seldom. */
function watch(): void {
  window.lookFor = (heading) => {
    window.painted = undefined;
    const look = () => {
      if (document.querySelector("h1")?.textContent?.startsWith(heading))
        requestAnimationFrame(() => (window.painted = performance.now()));
      else requestAnimationFrame(look);
    };
    look();
  };
}

/** The page of a browser that has kept nothing. */
async function newPage(): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(watch);
  return page;
}

const painted = (page: Page) =>
  page.waitForFunction(() => window.painted).then(async (found) => Number(await found.jsonValue()));

async function firstView(address: string, heading: string): Promise<number> {
  const page = await newPage();
  await page.addInitScript((name) => window.lookFor(name), heading);
  await page.goto(`${address}#key=${encodeURIComponent(KEY)}`, { waitUntil: "commit" });
  const ms = await painted(page);
  await page.context().close();
  return ms;
}

/** From the click on a link, or from going back, to the other page's heading. */
async function change(page: Page, link: string, heading: string): Promise<number> {
  const began = await page.evaluate(
    ([href, name]) => {
      window.lookFor(name);
      const began = performance.now();
      document.querySelector<HTMLAnchorElement>(`a[href="${href}"]`)?.click();
      return began;
    },
    [link, heading] as const,
  );
  return (await painted(page)) - began;
}

function tell(what: string, times: readonly number[]): void {
  const sorted = [...times].sort((one, other) => one - other).map(Math.round);
  const [middle, last] = [sorted[sorted.length >> 1], sorted.at(-1)];
  console.log(`${what}: median ${middle} ms, ${sorted[0]} to ${last} ms (${sorted.length})`);
}

it("first views", { timeout: 300_000 }, async () => {
  const views = [
    ["the link of exosphere dev, to the overview", `${URI}/`, "Overview"],
    ["the overview", at(), "Overview"],
    ["the list of runs", at("runs"), "Runs"],
    ["a run", at("runs", run), "fan"],
    ["a graph", at("graphs", "fan"), "fan"],
  ] as const;
  // The first page of a browser process bears what no other does.
  await firstView(at(), "Overview");
  for (const [what, address, heading] of views) {
    const times: number[] = [];
    for (let view = 0; view < VIEWS; view++) times.push(await firstView(address, heading));
    tell(what, times);
  }
});

it("changes of page", { timeout: 300_000 }, async () => {
  const of = (...parts: string[]) => ["/ns", NAMESPACE, ...parts].join("/");
  const ways = [
    [of("runs"), "Runs"],
    [of("graphs"), "Graphs"],
    [of("graphs", "fan"), "fan"],
    [of("nodes"), "Nodes"],
    [of(), "Overview"],
  ] as const;
  const first = ways.map((): number[] => []);
  const again = ways.map((): number[] => []);
  for (let view = 0; view < VIEWS; view++) {
    const page = await newPage();
    await page.goto(`${at()}#key=${encodeURIComponent(KEY)}`);
    await page.locator("canvas").first().waitFor();
    for (const times of [first, again]) {
      for (const [index, [link, heading]] of ways.entries()) {
        await page.locator(`a[href="${link}"]`).first().waitFor();
        times[index]?.push(await change(page, link, heading));
      }
    }
    await page.context().close();
  }
  for (const [index, [, heading]] of ways.entries()) {
    tell(`to ${heading}, for the first time`, first[index] ?? []);
    tell(`to ${heading}, again`, again[index] ?? []);
  }
});
