/** Takes the pictures that the docs show: `make screenshots`. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, it } from "vitest";
import { allow, at, ended, launch, signIn, start } from "./stage";

const FOLDER = join(import.meta.dirname, "../../../docs/images");

let browser: Browser;

beforeAll(async () => {
  browser = await launch();
  mkdirSync(FOLDER, { recursive: true });
});

afterAll(async () => {
  await browser.close();
});

async function picture(
  name: string,
  address: string,
  there: (page: Page) => Promise<unknown>,
  colorScheme: "light" | "dark" = "light",
): Promise<void> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    deviceScaleFactor: 1.5,
    colorScheme,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  await signIn(page, address);
  await there(page);
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  await context.close();
  console.log(`docs/images/${name}.png`);
}

/** The graph is drawn when its layout is known. */
const drawn = (page: Page) => page.locator(".react-flow__node").nth(2).waitFor();
const charts = (page: Page) => page.locator("canvas").nth(1).waitFor();

it("takes them", async () => {
  for (let n = 0; n < 12; n++) await ended(await start("fan", { inputs: { width: String(4 + n) } }));
  const failed = await start("fragile", { store: { cure: "none" } });
  await ended(failed);
  const running = await start("fan", { inputs: { width: "40" }, store: { gate: "picture" } });
  await picture("overview", at(), charts);
  await picture("overview-dark", at(), charts, "dark");
  await picture("run", at("runs", running), (page) =>
    drawn(page).then(() => page.getByText("40 pending").waitFor()),
  );
  const close = allow("picture");
  await ended(running);
  close();
  await picture("run-failed", at("runs", failed), drawn);
  await picture("timeline", `${at("runs", running)}?tab=timeline`, (page) =>
    drawn(page).then(() => page.getByRole("tabpanel", { name: "Timeline" }).waitFor()),
  );
  await picture("graph", at("graphs", "fan"), drawn);
});
