import { expect, it } from "vitest";
import { at, ended, signIn, visits } from "./stage";

const visit = visits();

it("asks for the root's inputs and the store's keys, and starts when what is required is given", async () => {
  await signIn(visit.page, at("graphs", "fragile"));
  await visit.page.getByRole("button", { name: "Start a run", exact: true }).click();
  const form = visit.page.getByRole("dialog", { name: "Start a run of fragile" });
  const width = form.getByRole("group", { name: "Inputs of the root" }).getByLabel("width");
  expect(await width.getAttribute("placeholder")).toBe("3");
  const start = form.getByRole("button", { name: "Start", exact: true });
  await form.getByText("Give cure first.").waitFor();
  expect(await start.isDisabled()).toBe(true);
  await form.getByRole("group", { name: "Store" }).getByLabel("cure (required)").fill("none");
  await width.fill("2");
  await start.click();
  await visit.page.getByRole("heading", { level: 1 }).getByText("failed").waitFor();
  await visit.page.getByText("2 errored").waitFor();
  const run = new URL(visit.page.url()).pathname.split("/").at(-1) ?? "";
  expect(await ended(run)).toBe("FAILED");
  await visit.page.getByRole("tab", { name: "Store (1)" }).click();
  await visit.page.getByRole("tabpanel", { name: "Store" }).getByText("none", { exact: true }).waitFor();
});
