/** What the tests look at, and the browser that they look with. */

import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";

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

/** Kill the state manager, as a crash would; `exosphere dev` starts another one at the same address. */
export function killStateManager(): void {
  const [found] = readdirSync("/proc").filter((name) => {
    try {
      const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, "utf8"))?.[1];
      return (
        parent === told("UI_DEV") && readFileSync(`/proc/${name}/cmdline`, "utf8").includes("\0server\0")
      );
    } catch {
      // No process, or one that ended meanwhile.
      return false;
    }
  });
  if (found === undefined) throw new Error("exosphere dev runs no state manager");
  process.kill(Number(found), "SIGKILL");
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

export interface Visit {
  browser: Browser;
  context: BrowserContext;
  page: Page;
}

/** Give each test of a file the page of somebody new; nothing may go wrong in it that nobody sees. */
export function visits(options: { colorScheme?: "light" | "dark" } = {}): Visit {
  const visit = {} as Visit;
  let faults: string[] = [];
  beforeAll(async () => {
    visit.browser = await launch();
  });
  afterAll(async () => {
    await visit.browser.close();
  });
  beforeEach(async () => {
    faults = [];
    visit.context = await visit.browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    visit.page = await visit.context.newPage();
    visit.page.setDefaultTimeout(20_000);
    visit.page.on("pageerror", (error) => faults.push(String(error)));
    visit.page.on("console", (message) => {
      if (message.type() === "error" && !IS_SHOWN.test(message.text())) faults.push(message.text());
    });
  });
  afterEach(async () => {
    await visit.context.close();
    expect(faults).toEqual([]);
  });
  return visit;
}

/** What a page shows to its reader itself: refused calls, and a state manager that is away. A violation of the content
 * security policy is none of these. */
const IS_SHOWN =
  /the server responded with a status of [45]\d\d|net::ERR_(CONNECTION|CONTENT_LENGTH|INCOMPLETE|EMPTY)/;

export const at = (...parts: string[]) => [URI, "ns", NAMESPACE, ...parts].join("/");

/** Sign in as `exosphere dev` has one do: by a link. */
export async function signIn(page: Page, address: string, key = KEY): Promise<void> {
  await page.goto(`${address}#key=${encodeURIComponent(key)}`);
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

/** Call the API with the key of the root. Throws what it is refused with. */
export async function call<Answer>(method: string, path: string, body?: object): Promise<Answer> {
  const answer = await fetch(`${URI}/v0/${path}`, {
    method,
    headers: { "x-api-key": KEY, "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Answer;
}

/** Store a copy of a graph, with what else it declares, under a name that no other test knows. */
export async function copyGraph(
  graph: string,
  name: string,
  { namespace = NAMESPACE, ...more }: { namespace?: string; triggers?: readonly object[] } = {},
): Promise<void> {
  const { nodes, retry_policy, store_config } = await call<Record<string, unknown>>(
    "GET",
    `namespace/${NAMESPACE}/graph/${graph}`,
  );
  await call("PUT", `namespace/${namespace}/graph/${name}`, {
    secrets: {},
    nodes,
    retry_policy,
    store_config,
    ...more,
  });
}

/** Start a run over the API; returns its id. */
export async function start(graph: string, body: object): Promise<string> {
  const made = await call<{ run_id: string }>("POST", `namespace/${NAMESPACE}/graph/${graph}/trigger`, body);
  return made.run_id;
}

/** Wait until a run has ended; returns its status. */
export async function ended(run: string): Promise<string> {
  const path = `namespace/${NAMESPACE}/run/${run}/wait?timeout_ms=30000`;
  return (await call<{ status: string }>("GET", path)).status;
}
