import { beforeAll, expect, it } from "vitest";
import { at, ended, signIn, start, visits } from "./stage";

const visit = visits();
const timeline = () => visit.page.getByRole("region", { name: "Timeline" });

/** One that waits before it begins, fails, waits for its retry, and fails again. */
let run: string;

beforeAll(async () => {
  run = await start("retried", { store: { cure: "none" }, start_delay: 300 });
  expect(await ended(run)).toBe("FAILED");
});

it("draws what was waiting, what ran and what was a delay until a retry, and tells it as a table", async () => {
  await signIn(visit.page, `${at("runs", run)}?tab=timeline`);
  await timeline().locator(".badge", { hasText: "2 tries" }).waitFor();
  for (const piece of [".waiting", ".running.retried", ".delay", ".running.errored"]) {
    await timeline().locator(`.piece${piece}`).first().waitFor({ state: "attached" });
  }
  // In this order of time.
  const lefts = await Promise.all(
    [".waiting", ".running.retried", ".running.errored"].map((piece) =>
      timeline()
        .locator(`.piece${piece}`)
        .first()
        .evaluate((element) => element.getBoundingClientRect().left),
    ),
  );
  expect(lefts).toEqual([...lefts].sort((one, other) => one - other));
  await visit.page.getByRole("button", { name: "Show as a table" }).click();
  const again = visit.page.getByRole("row").filter({ hasText: "2 of 2" });
  // Its delay is told, and that it ran.
  expect(
    await again
      .getByRole("cell")
      .filter({ hasText: /\d m?s$/ })
      .count(),
  ).toBeGreaterThan(0);
  await again.getByText("errored").waitFor();
});

it("is read and moved by keyboard alone", async () => {
  await signIn(visit.page, `${at("runs", run)}?tab=timeline`);
  const row = timeline().getByRole("button", { name: /^fragile/ });
  await visit.page.getByRole("tab", { name: "Timeline" }).focus();
  await row.waitFor();
  for (let tabs = 0; tabs < 20; tabs += 1) {
    if (await row.evaluate((element) => element === document.activeElement)) break;
    await visit.page.keyboard.press("Tab");
  }
  // Who comes to a row is told its times in words.
  await visit.page.locator(".timeline-words", { hasText: "2 tries" }).waitFor();
  const whole = visit.page.getByRole("button", { name: "Whole run" });
  expect(await whole.isDisabled()).toBe(true);
  await visit.page.keyboard.press("+");
  await visit.page.keyboard.press("ArrowRight");
  expect(await whole.isDisabled()).toBe(false);
  await visit.page.keyboard.press("0");
  expect(await whole.isDisabled()).toBe(true);
  await visit.page.keyboard.press("Enter");
  await visit.page
    .getByRole("complementary", { name: "State" })
    .getByRole("heading", { name: "2 tries" })
    .waitFor();
});

it("follows a run while it goes on", async () => {
  const slow = await start("retried", { store: { cure: "none" }, start_delay: 2000 });
  await signIn(visit.page, `${at("runs", slow)}?tab=timeline`);
  await timeline().locator(".piece.running.errored").waitFor({ state: "attached" });
  await visit.page.getByRole("heading", { level: 1 }).getByText("failed").waitFor();
});
