import { expect, it } from "vitest";
import { allow, at, ended, KEY, NAMESPACE, signIn, start, URI, VIEWER_KEY, visits } from "./stage";

const visit = visits();
const button = (name: string | RegExp) => visit.page.getByRole("button", { name, exact: true });
const heading = () => visit.page.getByRole("heading", { level: 1 });

it("asks for a key at any address, refuses a wrong one, and goes on to where one wanted to", async () => {
  await visit.page.goto(at("graphs"));
  await visit.page.getByLabel("API key").fill("wrong");
  await button("Sign in").click();
  await visit.page.getByText("This is no good API key.").waitFor();
  await visit.page.getByLabel("API key").fill(` ${KEY} `);
  await visit.page.keyboard.press("Enter");
  await visit.page.getByRole("link", { name: "fragile" }).waitFor();
  expect(visit.page.url()).toBe(at("graphs"));
  // The key is in the session of this tab alone.
  expect(await visit.page.evaluate(() => JSON.stringify(localStorage))).not.toContain(KEY);
  expect(await visit.page.evaluate(() => document.cookie)).toBe("");
  await button("Sign out").click();
  await visit.page.getByLabel("API key").waitFor();
  expect(await visit.page.evaluate(() => JSON.stringify(sessionStorage))).not.toContain(KEY);
});

it("signs in by a link, whose key is out of the address at once", async () => {
  await signIn(visit.page, `${URI}/`);
  await heading().getByText("Overview").waitFor();
  expect(visit.page.url()).toBe(at());
});

it("starts a run from the form, follows it live, and shows its end without being asked", async () => {
  await signIn(visit.page, at("graphs", "fan"));
  await button("Start a run").click();
  await visit.page.getByLabel("width").fill("40");
  await visit.page.getByLabel("gate").fill("live");
  await button("Start").click();
  await visit.page.getByText("live", { exact: true }).waitFor();
  await visit.page.getByText("40 pending").waitFor();
  // However wide it is, a fan-out is one node of the picture.
  await visit.page.locator(".react-flow__node").nth(2).waitFor();
  expect(await visit.page.locator(".react-flow__node").count()).toBe(3);
  const close = allow("live");
  await heading().getByText("success").waitFor();
  await visit.page.getByText("81 success").waitFor();
  close();
});

it("shows why a run failed, and retries it when the cause is gone", async () => {
  const run = await start("fragile", { store: { cure: "cure" } });
  expect(await ended(run)).toBe("FAILED");
  await signIn(visit.page, at("runs", run));
  await visit.page.getByLabel("Status").selectOption("errored");
  await visit.page.locator(".state-row", { hasText: "no cure for" }).first().getByRole("button").click();
  const panel = visit.page.getByRole("complementary", { name: "State" });
  await panel.getByText("no cure for", { exact: false }).first().waitFor();
  const close = allow("cure");
  await panel.getByRole("button", { name: "Retry", exact: true }).click();
  await visit.page.getByRole("dialog").getByRole("button", { name: "Retry" }).click();
  await panel.getByRole("heading", { name: "fragile" }).waitFor();
  await panel.locator("ol").getByText("success", { exact: true }).waitFor();
  await button("Retry failed").click();
  await visit.page.getByRole("dialog").getByRole("button", { name: "Retry" }).click();
  await heading().getByText("success").waitFor();
  close();
});

it("shows what a node returned as text, whatever it is", async () => {
  const run = await start("fan", { inputs: { width: "1" } });
  expect(await ended(run)).toBe("SUCCESS");
  await signIn(visit.page, `${at("runs", run)}?node=work`);
  await visit.page.locator(".state-row").first().getByRole("button").click();
  await visit.page.getByText("<script>document.title='broken'</script>", { exact: false }).waitFor();
  expect(await visit.page.title()).not.toContain("broken");
  expect(await visit.page.locator("main img").count()).toBe(0);
});

it("cancels a run after asking", async () => {
  const run = await start("fan", { store: { gate: "never" } });
  await signIn(visit.page, at("runs", run));
  await button("Cancel").click();
  await visit.page.keyboard.press("Escape");
  expect(await visit.page.getByRole("dialog").count()).toBe(0);
  await button("Cancel").click();
  await button("Cancel the run").click();
  await heading().getByText("cancelled").waitFor();
  expect(await ended(run)).toBe("CANCELLED");
});

it("filters the list of runs, keeps the filter in the address, and cancels all that are chosen", async () => {
  const runs = [
    await start("fan", { store: { gate: "never" } }),
    await start("fan", { store: { gate: "never" } }),
  ];
  const failed = await start("fragile", { store: { cure: "none" } });
  expect(await ended(failed)).toBe("FAILED");
  await signIn(visit.page, at("runs"));
  const wanted = (status: string) => visit.page.getByRole("checkbox", { name: status, exact: true });
  await wanted("pending").check();
  await visit.page.getByText(/^2 fit of/).waitFor();
  expect(visit.page.url()).toContain("status=PENDING");
  await visit.page.getByLabel("Choose all").check();
  await button("Cancel 2 pending").click();
  await button("Cancel them").click();
  await visit.page.getByText("2 done.").waitFor();
  for (const run of runs) expect(await ended(run)).toBe("CANCELLED");
  await wanted("pending").uncheck();
  await wanted("failed").check();
  await visit.page.getByRole("link", { name: failed.slice(0, 13) }).waitFor();
  await visit.page.getByLabel("Id").fill(failed);
  await button("Open").click();
  await heading().getByText("fragile").waitFor();
});

it("offers a viewer nothing that changes anything", async () => {
  const run = await start("fragile", { store: { cure: "none" } });
  expect(await ended(run)).toBe("FAILED");
  await signIn(visit.page, at("runs", run), VIEWER_KEY);
  await visit.page.locator(".state-row").first().getByRole("button").click();
  await visit.page.getByRole("complementary", { name: "State" }).getByText("Inputs").waitFor();
  for (const name of ["Retry failed", "Run again", "Retry", "Run again from here", "Cancel"]) {
    expect(await button(name).count()).toBe(0);
  }
  await visit.page.goto(at("graphs", "fan"));
  await visit.page.getByRole("link", { name: "Its runs" }).waitFor();
  expect(await button("Start a run").count()).toBe(0);
  await visit.page.goto(at("runs"));
  await visit.page.getByRole("link", { name: "fragile" }).first().waitFor();
  expect(await visit.page.getByRole("checkbox", { name: /^Choose/ }).count()).toBe(0);
});

it("leads from page to page by keyboard alone", async () => {
  await signIn(visit.page, at());
  await visit.page.keyboard.press("Tab");
  await visit.page.keyboard.press("Enter");
  expect(await visit.page.evaluate(() => document.activeElement?.id)).toBe("content");
  await visit.page.getByRole("link", { name: "Graphs", exact: true }).focus();
  await visit.page.keyboard.press("Enter");
  await visit.page.getByRole("link", { name: "fan", exact: true }).focus();
  await visit.page.keyboard.press("Enter");
  const node = button("work");
  await node.focus();
  await visit.page.keyboard.press("Enter");
  await visit.page.getByRole("region", { name: "Node work" }).waitFor();
  await button("Start a run").focus();
  await visit.page.keyboard.press("Enter");
  await visit.page.getByLabel("width").waitFor();
  expect(await visit.page.evaluate(() => document.activeElement?.tagName)).toBe("TEXTAREA");
  await visit.page.keyboard.press("Escape");
  await visit.page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await visit.page.evaluate(() => document.activeElement?.textContent)).toBe("Start a run");
});

it("says so when there is no such run, and a namespace that is empty teaches the next step", async () => {
  await signIn(visit.page, at("runs", "0-nothing"));
  await visit.page.getByText(`namespace '${NAMESPACE}' has no run`, { exact: false }).waitFor();
  await visit.page.goto(`${URI}/ns/empty/graphs`);
  await visit.page.getByText("exosphere graph apply").waitFor();
});
