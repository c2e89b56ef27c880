import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { at, KEY, signIn, URI, visits } from "./stage";

const visit = visits();

/** Of compressed script, for the sign-in and the overview, in bytes. */
const BUDGET = 200_000;

/** Files that a first view may need: what runs first, what runtime of modules it has, what all pages share, the frame, the
 * overview, its charts, and one style sheet. A browser asks one server for six at a time. */
const MOST_FILES = 7;

const overview = (page: Page) => page.getByRole("heading", { level: 1, name: "Overview" });
const link = (address: string) => `${address}#key=${encodeURIComponent(KEY)}`;
const fileOf = (url: string) => /\/assets\/(.+)$/.exec(url)?.[1];

/** Note which files and calls the page asks for. */
function asked(page: Page): { files: string[]; calls: string[] } {
  const found = { files: [] as string[], calls: [] as string[] };
  page.on("request", (request) => {
    const file = fileOf(request.url());
    if (file !== undefined) found.files.push(file);
    else if (request.url().includes("/v0/")) found.calls.push(new URL(request.url()).pathname);
  });
  return found;
}

/** Hold back each file whose name begins so, as a slow network would; returns what lets them come. */
async function holdBack(page: Page, name: string): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(`**/assets/${name}-*.js`, async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

it("shows the overview with no more compressed script than a first view may have", async () => {
  const sizes: Promise<number>[] = [];
  visit.page.on("requestfinished", (request) => {
    if (request.resourceType() === "script")
      sizes.push(request.sizes().then((each) => each.responseBodySize));
  });
  await signIn(visit.page, at());
  await overview(visit.page).waitFor();
  await visit.page.waitForLoadState("load");
  const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  expect(total).toBeGreaterThan(10_000);
  expect(total).toBeLessThanOrEqual(BUDGET);
});

it("needs few files for the first view, and asks for none of them twice", async () => {
  const { files } = asked(visit.page);
  await signIn(visit.page, `${URI}/`);
  await visit.page.locator("canvas").first().waitFor();
  expect(new Set(files).size).toBe(files.length);
  expect(files.length).toBeLessThanOrEqual(MOST_FILES);
});

it("asks for all that the first page is made of before any of it has run", async () => {
  const { files, calls } = asked(visit.page);
  const release = await holdBack(visit.page, "begin");
  await visit.page.goto(link(`${URI}/`), { waitUntil: "commit" });
  await expect.poll(() => files.some((file) => file.startsWith("OverviewPage-"))).toBe(true);
  await expect.poll(() => files.some((file) => file.endsWith(".css"))).toBe(true);
  const before = new Set(files);
  expect(calls).toEqual([]);
  release();
  await overview(visit.page).waitFor();
  // Charts are drawn when there is something to draw.
  const after = files.filter((file) => !before.has(file) && !file.startsWith("Plot-"));
  expect(after).toEqual([]);
});

it("asks who one is, and which namespaces there are, while the most of the script is still on its way", async () => {
  const { calls } = asked(visit.page);
  const release = await holdBack(visit.page, "base");
  await visit.page.goto(link(`${URI}/`), { waitUntil: "commit" });
  await expect.poll(() => [...calls].sort()).toEqual(["/v0/namespaces", "/v0/whoami"]);
  release();
  await overview(visit.page).waitFor();
  // Nor are they asked for again.
  expect(calls.filter((path) => /whoami|namespaces$/.test(path)).sort()).toEqual([
    "/v0/namespaces",
    "/v0/whoami",
  ]);
});

it("asks for nothing with a key before somebody has given one", async () => {
  const { calls } = asked(visit.page);
  await visit.page.goto(at());
  await visit.page.getByLabel("API key").waitFor();
  expect(calls).toEqual([]);
});

it("lets a browser keep what it loaded, and asks for nothing from anywhere else", async () => {
  const origins = new Set<string>();
  visit.page.on("request", (request) => origins.add(new URL(request.url()).origin));
  await signIn(visit.page, at());
  await visit.page.reload();
  await visit.page.getByRole("button", { name: "Sign out" }).waitFor();
  expect([...origins].filter((origin) => origin !== URI && origin !== "null")).toEqual([]);
});
