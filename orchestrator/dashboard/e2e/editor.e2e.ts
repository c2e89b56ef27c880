import { expect, it } from "vitest";
import { at, call, copyGraph, NAMESPACE, signIn, visits } from "./stage";

const visit = visits();
const button = (name: string | RegExp) => visit.page.getByRole("button", { name, exact: true });
const line = (text: string) => visit.page.locator(".cm-line", { hasText: text });
const findings = () => visit.page.getByRole("region", { name: "What is wrong" });

/** Write another text in place of what stands in the line that has a text. */
async function rewrite(text: string, instead: string): Promise<void> {
  await line(text).click();
  await visit.page.keyboard.press("Home");
  await visit.page.keyboard.press("Shift+End");
  await visit.page.keyboard.insertText(instead);
}

it("marks what is wrong at its line, takes it when it is mended, and tells what the version changed", async () => {
  await copyGraph("fan", "edited");
  await signIn(visit.page, at("graphs", "edited"));
  await visit.page.getByRole("link", { name: "Edit", exact: true }).click();
  await findings().getByText("valid: it can run").waitFor();

  await rewrite("${{ begin.outputs.value }}", "value: ${{ begim.outputs.value }}");
  await findings().getByText("1 finding").waitFor();
  await findings()
    .getByRole("listitem")
    .getByText(/'work'.*begim/)
    .waitFor();
  await line("width").click();
  await findings()
    .getByRole("button", { name: /^line \d+$/ })
    .click();
  // It leads to where it is wrong, and that is marked.
  await visit.page.locator(".cm-activeLine", { hasText: "begim" }).waitFor();
  await visit.page.locator(".cm-lintRange-error", { hasText: "begim" }).waitFor();
  const told = await findings().getByRole("button").textContent();
  const texts = await visit.page.locator(".cm-line").allTextContents();
  expect(told).toBe(`line ${texts.findIndex((text) => text.includes("begim")) + 1}`);

  await rewrite("begim", "value: ${{ begin.outputs.value }}");
  await rewrite("width", 'width: "6"');
  await findings().getByText("valid: it can run").waitFor();
  await button("Save as version 2").click();
  await visit.page.getByText("Saved as version 2.", { exact: false }).waitFor();

  await visit.page.getByRole("tab", { name: "Versions" }).click();
  await button("What it changed").click();
  const changes = visit.page.getByRole("table", { name: "Changes from version 1 to version 2" });
  await changes.locator(".removed", { hasText: 'width: "5"' }).waitFor();
  await changes.locator(".added", { hasText: 'width: "6"' }).waitFor();
  expect(await changes.locator(".removed, .added").count()).toBe(2);
});

it("begins a new graph with one that can run, and creates it under its name", async () => {
  await signIn(visit.page, at("graphs"));
  await visit.page.getByRole("link", { name: "New graph" }).click();
  await findings().getByText("valid: it can run").waitFor();
  expect(await button("Create").isDisabled()).toBe(true);
  await visit.page.getByLabel("Name", { exact: true }).fill("newcomer");
  await button("JSON").click();
  await line('"identifier": "first"').waitFor();
  await button("Create").click();
  await visit.page.getByText("Saved as version 1.", { exact: false }).waitFor();
  await visit.page.locator(".react-flow__node", { hasText: "second" }).waitFor();
  await call("DELETE", `namespace/${NAMESPACE}/graph/newcomer`);
});

it("asks before what was not saved is left", async () => {
  await signIn(visit.page, at("graphs", "fan", "edit"));
  await rewrite("width", 'width: "7"');
  const pages = visit.page.getByRole("navigation", { name: "Pages" });
  await pages.getByRole("link", { name: "Runs", exact: true }).click();
  const dialog = visit.page.getByRole("dialog", { name: "Leave without saving?" });
  await dialog.getByRole("button", { name: "Back" }).click();
  await line('width: "7"').waitFor();
  await pages.getByRole("link", { name: "Runs", exact: true }).click();
  await dialog.getByRole("button", { name: "Leave" }).click();
  await visit.page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
});
