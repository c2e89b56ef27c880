import { expect, it } from "vitest";
import { at, copyGraph, NAMESPACE, signIn, URI, VIEWER_KEY, visits } from "./stage";

const visit = visits();
const switcher = () => visit.page.getByLabel("Namespace");

it("goes from one namespace to another, and shows nothing of the one on the pages of the other", async () => {
  await copyGraph("fan", "elsewhere", { namespace: "other" });
  await signIn(visit.page, at("graphs"));
  await visit.page.getByRole("link", { name: "fragile", exact: true }).waitFor();
  await switcher().selectOption("other");
  await visit.page.getByText("No runs yet").waitFor();
  expect(visit.page.url()).toBe(`${URI}/ns/other/runs`);
  await visit.page
    .getByRole("navigation", { name: "Pages" })
    .getByRole("link", { name: "Graphs", exact: true })
    .click();
  await visit.page.getByRole("link", { name: "elsewhere" }).waitFor();
  expect(await visit.page.getByRole("link", { name: "fragile", exact: true }).count()).toBe(0);
  // Whoever comes without an address is led to where one was last.
  await visit.page.goto(`${URI}/`);
  await visit.page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  expect(visit.page.url()).toBe(`${URI}/ns/other`);
});

it("offers a key of one namespace no other one, and refuses it there", async () => {
  await signIn(visit.page, at(), VIEWER_KEY);
  await visit.page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  expect(await switcher().locator("option").allTextContents()).toEqual([NAMESPACE]);
  await visit.page.goto(`${URI}/ns/other/graphs`);
  await visit.page.getByRole("alert").first().waitFor();
  expect(await visit.page.getByRole("link", { name: "elsewhere" }).count()).toBe(0);
});
