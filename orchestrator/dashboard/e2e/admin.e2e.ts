import { expect, it } from "vitest";
import { at, signIn, URI, VIEWER_KEY, visits } from "./stage";

const visit = visits();
const button = (name: string | RegExp) => visit.page.getByRole("button", { name, exact: true });
const row = (text: string) => visit.page.getByRole("row").filter({ hasText: text });

it("creates a key that signs in, and revokes it, which leads back to the sign-in", async () => {
  await signIn(visit.page, at("admin"));
  await button("Create a key").click();
  const dialog = visit.page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill("e2e-reader");
  await dialog.getByRole("radio", { name: /^viewer/ }).check();
  await dialog.getByRole("button", { name: "Create" }).click();
  const key = await dialog.getByLabel("API key", { exact: true }).textContent();
  // Its only showing is not lost by a slip of the hand.
  await visit.page.keyboard.press("Escape");
  await dialog.getByRole("button", { name: "I have it" }).click();
  await dialog.waitFor({ state: "detached" });
  await row("e2e-reader").getByText("active").waitFor();

  const other = await visit.browser.newContext();
  const page = await other.newPage();
  await signIn(page, at("graphs"), key ?? "");
  await page.getByRole("link", { name: "fan", exact: true }).waitFor();
  expect(await page.getByRole("link", { name: "Admin" }).count()).toBe(0);

  await button("Revoke e2e-reader").click();
  await button("Revoke the key").click();
  await row("e2e-reader").getByText("revoked").waitFor();
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByText("Your API key is no longer good", { exact: false }).waitFor();
  // What the key was shown is not there any more.
  expect(await page.getByRole("link", { name: "fan", exact: true }).count()).toBe(0);
  await page.getByLabel("API key").waitFor();
  await other.close();

  await visit.page.getByRole("tab", { name: "Audit log" }).click();
  await row("revoke key").first().waitFor();
  await visit.page.getByLabel("Filter").fill("create key");
  await row("create key").first().waitFor();
  expect(await row("revoke key").count()).toBe(0);
});

it("shows the settings in force with what they mean, and finds one of them", async () => {
  await signIn(visit.page, `${at("admin")}?tab=settings`);
  await visit.page.getByLabel("Search").fill("EXOSPHERE_MAX_FAN_OUT");
  await row("EXOSPHERE_MAX_FAN_OUT").getByText("100000").waitFor();
  await visit.page.getByLabel("Search").fill("no such setting");
  await visit.page.getByText("No setting fits").waitFor();
});

it("tells who is no admin that the page is not for them", async () => {
  await signIn(visit.page, at("admin"), VIEWER_KEY);
  await visit.page.getByText("This page is for admins").waitFor();
  await visit.page.goto(`${URI}/`);
  await visit.page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  expect(await visit.page.getByRole("link", { name: "Admin" }).count()).toBe(0);
});
