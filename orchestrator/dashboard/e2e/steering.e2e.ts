import { expect, it } from "vitest";
import type { Runtime } from "../src/api/types";
import { at, call, copyGraph, ended, signIn, start, URI, visits } from "./stage";

const visit = visits();
const dialog = () => visit.page.getByRole("dialog");

it("pauses the queue of a node, tells what waits in it as it happens, and resumes it", async () => {
  await signIn(visit.page, at("nodes"));
  await visit.page.getByRole("button", { name: "Pause the queue of Gather" }).click();
  await dialog().getByRole("button", { name: "Pause" }).click();
  const row = visit.page.getByRole("row").filter({ hasText: "Gather" }).first();
  await row.getByText("paused").waitFor();
  const run = await start("fan", { inputs: { width: "2" } });
  await row.getByText("oldest", { exact: false }).waitFor();
  await visit.page.getByRole("button", { name: "Resume the queue of Gather" }).click();
  await dialog().getByRole("button", { name: "Resume" }).click();
  await row.getByText("paused").waitFor({ state: "detached" });
  expect(await ended(run)).toBe("SUCCESS");
});

it("shows when a schedule is due, runs it now, and pauses it", async () => {
  await copyGraph("fan", "scheduled", {
    triggers: [{ type: "CRON", value: { expression: "0 3 * * *", timezone: "Europe/Berlin" } }],
  });
  await signIn(visit.page, `${at("graphs", "scheduled")}?tab=schedules`);
  const row = visit.page.getByRole("row").filter({ hasText: "0 3 * * *" });
  await row.getByText("Europe/Berlin").waitFor();
  await row.getByText(/^in \d+ (h|min|s)$/).waitFor();
  await row.getByRole("button", { name: "Run now" }).click();
  await dialog().getByRole("button", { name: "Run now" }).click();
  await visit.page.getByRole("table", { name: "The newest firings" }).getByText("by hand").waitFor();
  await row.getByRole("button", { name: "Pause" }).click();
  await row.getByText("paused").waitFor();
  await row.getByRole("button", { name: "Resume" }).click();
  await row.getByText("paused").waitFor({ state: "detached" });
});

it("pauses a graph, which takes no run then, and resumes it", async () => {
  await signIn(visit.page, at("graphs", "retried"));
  const start = visit.page.getByRole("button", { name: "Start a run", exact: true });
  await visit.page.getByRole("button", { name: "Pause", exact: true }).click();
  await dialog().getByRole("button", { name: "Pause" }).click();
  await visit.page.getByRole("button", { name: "Resume", exact: true }).click();
  expect(await start.isDisabled()).toBe(true);
  await dialog().getByRole("button", { name: "Resume" }).click();
  await visit.page.getByRole("button", { name: "Pause", exact: true }).waitFor();
  expect(await start.isDisabled()).toBe(false);
});

it("tells on which version each runtime is", async () => {
  await signIn(visit.page, at("nodes"));
  const runtimes = visit.page.getByRole("table", { name: "Runtimes" });
  await runtimes.getByRole("columnheader", { name: "Version" }).waitFor();
  await runtimes
    .getByRole("row")
    .filter({ hasText: "ui-runtime" })
    .getByText(/^\d+\.\d+/)
    .first()
    .waitFor();
});

it("says on how many versions the runtimes are while a new one is rolled out", async () => {
  const namespace = "rolled-out";
  for (const [instance, version] of [
    ["one", "1.4.0"],
    ["two", "1.5.0"],
    ["three", "1.5.0"],
  ]) {
    await call("PUT", `namespace/${namespace}/nodes/`, {
      runtime_name: "rolled",
      instance,
      version,
      nodes: [{ name: "Any", inputs_schema: {}, outputs_schema: {}, secrets: [] }],
    });
  }
  // These were registered, but nobody runs them.
  await visit.page.route(/\/runtimes\//, async (route) => {
    const answer = await route.fetch();
    const told = (await answer.json()) as { runtimes: Runtime[] };
    const runtimes = told.runtimes.map((one) => ({ ...one, alive: true, last_seen_ms: 5 }));
    await route.fulfill({ response: answer, json: { ...told, runtimes } });
  });
  await signIn(visit.page, `${URI}/ns/${namespace}/nodes`);
  const table = visit.page.getByRole("table", { name: "Runtimes" });
  const versions = table.getByRole("row").filter({ hasText: "rolled" }).locator(".version");
  await versions.nth(2).waitFor();
  expect((await versions.allTextContents()).sort()).toEqual(["1.4.0", "1.5.0", "1.5.0"]);
  await visit.page.getByRole("link", { name: "Overview", exact: true }).click();
  await visit.page.getByText("3 alive on 2 versions").waitFor();
  const card = visit.page.getByRole("region", { name: "Runtimes" });
  await card.getByText("2 versions", { exact: true }).waitFor();
  await card.getByText("2 on 1.5.0").waitFor();
  await card.getByText("1 on 1.4.0").waitFor();
});
