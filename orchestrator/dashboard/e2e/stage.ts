/** What the tests look at, and the browser that they look with. */

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

function told(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests with make test-ui`);
  return value;
}

export const URI = told("UI_URI");
export const KEY = told("UI_KEY");
export const VIEWER_KEY = told("UI_VIEWER_KEY");
export const NAMESPACE = told("UI_NAMESPACE");

/** Make the file that nodes wait for; returns what removes it. */
export function allow(name: string): () => void {
  const path = join(told("UI_FOLDER"), name);
  writeFileSync(path, "");
  return () => rmSync(path, { force: true });
}

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A page of somebody new, and what went wrong in it so far. */
export async function visit(
  browser: Browser,
): Promise<{ context: BrowserContext; page: Page; faults: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    // A refused call is told by the page; a violation of the content security policy would be here, too.
    const refused = /the server responded with a status of 4\d\d/.test(message.text());
    if (message.type() === "error" && !refused) faults.push(message.text());
  });
  return { context, page, faults };
}

export const at = (...parts: string[]) => [URI, "ns", NAMESPACE, ...parts].join("/");

/** Sign in as `exosphere dev` has one do: by a link. */
export async function signIn(page: Page, address: string, key = KEY): Promise<void> {
  await page.goto(`${address}#key=${encodeURIComponent(key)}`);
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

/** Start a run over the API; returns its id. */
export async function start(graph: string, body: object): Promise<string> {
  const answer = await fetch(`${URI}/v0/namespace/${NAMESPACE}/graph/${graph}/trigger`, {
    method: "POST",
    headers: { "x-api-key": KEY, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return ((await answer.json()) as { run_id: string }).run_id;
}

/** Wait until a run has ended; returns its status. */
export async function ended(run: string): Promise<string> {
  const answer = await fetch(`${URI}/v0/namespace/${NAMESPACE}/run/${run}/wait?timeout_ms=30000`, {
    headers: { "x-api-key": KEY },
  });
  return ((await answer.json()) as { status: string }).status;
}
