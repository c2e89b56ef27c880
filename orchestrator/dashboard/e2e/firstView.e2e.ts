import { expect, it } from "vitest";
import { at, signIn, URI, visits } from "./stage";

const visit = visits();

/** Of compressed script, for the sign-in and the overview, in bytes. */
const BUDGET = 200_000;

it("shows the overview with no more compressed script than a first view may have", async () => {
  const sizes: Promise<number>[] = [];
  visit.page.on("requestfinished", (request) => {
    if (request.resourceType() === "script")
      sizes.push(request.sizes().then((each) => each.responseBodySize));
  });
  await signIn(visit.page, at());
  await visit.page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await visit.page.waitForLoadState("load");
  const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  expect(total).toBeGreaterThan(10_000);
  expect(total).toBeLessThanOrEqual(BUDGET);
});

it("lets a browser keep what it loaded, and asks for nothing from anywhere else", async () => {
  const asked = new Set<string>();
  visit.page.on("request", (request) => asked.add(new URL(request.url()).origin));
  await signIn(visit.page, at());
  await visit.page.reload();
  await visit.page.getByRole("button", { name: "Sign out" }).waitFor();
  expect([...asked].filter((origin) => origin !== URI && origin !== "null")).toEqual([]);
});
