import { expect, it } from "vitest";
import { allow, at, copyGraph, ended, signIn, start, visits } from "./stage";

const visit = visits();
const button = (name: string | RegExp) => visit.page.getByRole("button", { name, exact: true });
const heading = () => visit.page.getByRole("heading", { level: 1 });
const panel = () => visit.page.getByRole("complementary", { name: "State" });
const states = (identifier: string) => visit.page.locator(".state-row", { hasText: identifier });

it("runs again from a state with another input, and leaves the run as it was", async () => {
  const run = await start("fan", { inputs: { width: "2" } });
  expect(await ended(run)).toBe("SUCCESS");
  await signIn(visit.page, `${at("runs", run)}?node=begin`);
  await states("begin").first().getByRole("button").click();
  await panel().getByRole("button", { name: "Run again from here" }).click();
  const dialog = visit.page.getByRole("dialog", { name: "Run again from begin?" });
  await dialog.getByRole("button", { name: "Change width" }).click();
  await dialog.getByLabel("New value of width").fill("4");
  await dialog.getByRole("button", { name: "Run again", exact: true }).click();
  await visit.page.getByRole("link", { name: run }).waitFor();
  await visit.page.getByText("9 success").waitFor();
  await visit.page.getByRole("link", { name: run }).click();
  await visit.page.getByText("5 success").waitFor();
  await visit.page.getByText("run again as").waitFor();
});

it("says of a further output of a fan-out which state was executed for it", async () => {
  const run = await start("fan", { inputs: { width: "3" } });
  expect(await ended(run)).toBe("SUCCESS");
  await signIn(visit.page, `${at("runs", run)}?node=begin`);
  const executed = (await states("begin").first().getByRole("button").getAttribute("title")) ?? "";
  await states("begin").nth(1).getByRole("button").click();
  await panel().getByText("one of several outputs of one execution", { exact: false }).waitFor();
  // It was not executed, so nothing can begin at it alone.
  await panel().getByRole("button", { name: "Run again from here" }).click();
  expect(await visit.page.getByRole("radio", { name: /^this state alone/ }).isDisabled()).toBe(true);
  await visit.page.keyboard.press("Escape");
  await panel().getByTitle(executed).first().click();
  await panel().getByText(executed, { exact: true }).waitFor();
  await panel().getByText("Worker", { exact: true }).waitFor();
  expect(await panel().getByText("one of several outputs", { exact: false }).count()).toBe(0);
});

it("retries all failed runs that a filter means, in the background, and says what came of each", async () => {
  await copyGraph("fragile", "many");
  const runs = [
    await start("many", { inputs: { width: "2" }, store: { cure: "bulk" } }),
    await start("many", { inputs: { width: "2" }, store: { cure: "bulk" } }),
  ];
  for (const run of runs) expect(await ended(run)).toBe("FAILED");
  const close = allow("bulk");
  await signIn(visit.page, at("runs"));
  await visit.page.getByRole("combobox", { name: "Graph" }).selectOption("many");
  await visit.page.getByLabel("Created").selectOption("15m");
  await button("Retry all failed…").click();
  await button("Retry them all").click();
  const outcome = visit.page.getByRole("region", { name: "Retry of many runs" });
  await outcome.getByText("finished").waitFor();
  await outcome.getByText("4 states retried, 0 refused.", { exact: false }).waitFor();
  for (const run of runs) {
    await outcome.getByRole("link", { name: run }).waitFor();
    expect(await ended(run)).toBe("SUCCESS");
  }
  // The list below tells it by itself.
  await visit.page.getByRole("row").getByText("success", { exact: true }).nth(1).waitFor();
  close();
  await outcome.getByRole("link", { name: runs[0] ?? "" }).click();
  await heading().getByText("success").waitFor();
});
