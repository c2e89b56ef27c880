import { expect, it } from "vitest";
import { allow, at, ended, killStateManager, signIn, start, visits } from "./stage";

const visit = visits();

it("goes on by itself when the state manager was killed and came back, and misses nothing", async () => {
  const run = await start("fan", { inputs: { width: "30" }, store: { gate: "restart" } });
  await signIn(visit.page, at("runs", run));
  await visit.page.getByText("30 pending").waitFor();
  await visit.page.getByText("live", { exact: true }).waitFor();
  killStateManager();
  await visit.page.getByText("live", { exact: true }).waitFor({ state: "hidden" });
  const close = allow("restart");
  await visit.page.getByText("61 success").waitFor();
  await visit.page.getByRole("heading", { level: 1 }).getByText("success").waitFor();
  close();
  expect(await ended(run)).toBe("SUCCESS");
  // Nobody had to sign in anew or load the page.
  await visit.page
    .getByRole("navigation", { name: "Pages" })
    .getByRole("link", { name: "Runs", exact: true })
    .click();
  await visit.page.getByRole("link", { name: run.slice(0, 13) }).waitFor();
});
