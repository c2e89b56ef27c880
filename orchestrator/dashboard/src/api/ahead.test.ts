import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { askAhead, fetchOrTake } from "./ahead";

const asked: string[] = [];
const fetcher = ((address: string) => {
  asked.push(address);
  return Promise.resolve(new Response(`answer ${asked.length}`));
}) as typeof fetch;

const ask = async (address: string, key: string, method = "GET") =>
  (await fetchOrTake(address, { method, headers: { "x-api-key": key } }, fetcher)).text();

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  asked.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

it("answers the first who asks with what was asked for ahead, and the next one anew", async () => {
  askAhead("k", ["/v0/whoami"], fetcher);
  expect(await ask("/v0/whoami", "k")).toBe("answer 1");
  expect(await ask("/v0/whoami", "k")).toBe("answer 2");
});

it("tells nobody what another key was told", async () => {
  askAhead("k", ["/v0/whoami"], fetcher);
  expect(await ask("/v0/whoami", "other")).toBe("answer 2");
});

it("takes no answer for a call that changes something", async () => {
  askAhead("k", ["/v0/keys"], fetcher);
  expect(await ask("/v0/keys", "k", "POST")).toBe("answer 2");
});

it("asks anew for what was asked for long ago", async () => {
  askAhead("k", ["/v0/namespaces"], fetcher);
  vi.advanceTimersByTime(2000);
  expect(await ask("/v0/namespaces", "k")).toBe("answer 2");
});

it("tells who asks that a call failed", async () => {
  askAhead("k", ["/v0/whoami"], () => Promise.reject(new TypeError("no network")));
  await expect(ask("/v0/whoami", "k")).rejects.toThrow("no network");
  expect(await ask("/v0/whoami", "k")).toBe("answer 1");
});
