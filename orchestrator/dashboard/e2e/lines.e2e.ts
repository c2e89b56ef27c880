import { expect, it } from "vitest";
import { allow, at, ended, signIn, start, visits } from "./stage";

const visit = visits();

it("shows what a node writes while it runs, as text, and what it writes later without being asked", async () => {
  const run = await start("fan", { inputs: { width: "1" }, store: { gate: "lines" } });
  await signIn(visit.page, `${at("runs", run)}?node=work`);
  await visit.page.locator(".state-row").first().getByRole("button").click();
  const lines = visit.page.getByRole("list", { name: "Lines that the node wrote" });
  await lines.getByText("began <script>", { exact: false }).waitFor();
  await lines.getByText("value=0", { exact: false }).waitFor();
  expect(await lines.getByText("the gate is open").count()).toBe(0);
  const close = allow("lines");
  await lines.getByText("the gate is open").waitFor();
  await lines.getByText("warning").waitFor();
  expect(await ended(run)).toBe("SUCCESS");
  close();
  expect(await lines.locator("img").count()).toBe(0);
  expect(await visit.page.title()).not.toContain("broken");
});

it("shows what a node wrote in a run that has ended", async () => {
  const run = await start("fan", { inputs: { width: "1" } });
  expect(await ended(run)).toBe("SUCCESS");
  await signIn(visit.page, `${at("runs", run)}?node=work`);
  await visit.page.locator(".state-row").first().getByRole("button").click();
  const lines = visit.page.getByRole("list", { name: "Lines that the node wrote" });
  await lines.getByText("the gate is open").waitFor();
  await visit.page.goto(`${at("runs", run)}?node=begin`);
  await visit.page.locator(".state-row").first().getByRole("button").click();
  const panel = visit.page.getByRole("complementary", { name: "State" });
  await panel.getByRole("heading", { name: "Lines" }).waitFor();
  expect(await lines.count()).toBe(0);
});
