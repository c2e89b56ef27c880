/** When the page was last loaded anew for want of a part, unix ms. */
const LAST = "exosphere.reloaded";

/** Whoever has loaded the page anew just now, and lacks the part again, has another trouble. */
const SOON_MS = 10_000;

const LONGEST_PAUSE_MS = 5_000;

/** Load a part of the dashboard. A state manager that is away is waited for; then the page is loaded anew, as a browser does not
 * ask twice for a script that it could not get, and as another version may have come that has other files.
 *
 * @throws whatever `load` threw, where that did not help. */
export async function loaded<Part>(load: () => Promise<Part>, page: Page = THIS_PAGE): Promise<Part> {
  try {
    return await load();
  } catch (fault) {
    if (page.now() - Number(page.store.getItem(LAST) ?? 0) < SOON_MS) throw fault;
    for (let pause = 500; !(await page.answers()); pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      await page.rest(pause);
    }
    page.store.setItem(LAST, String(page.now()));
    page.reload();
    return new Promise(() => {});
  }
}

export interface Page {
  store: Pick<Storage, "getItem" | "setItem">;
  now(): number;
  /** Whether the state manager answers. */
  answers(): Promise<boolean>;
  rest(ms: number): Promise<void>;
  reload(): void;
}

const THIS_PAGE: Page = {
  get store() {
    return sessionStorage;
  },
  now: () => Date.now(),
  answers: () =>
    fetch("/", { cache: "no-store" }).then(
      (answer) => answer.ok,
      () => false,
    ),
  rest: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  reload: () => location.reload(),
};
