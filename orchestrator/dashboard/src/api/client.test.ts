import { describe, expect, it, vi } from "vitest";
import { ApiClient, addressOf } from "./client";
import { ApiError, passes, Unreachable } from "./errors";

function answering(answer: Response | Error): {
  client: ApiClient;
  fetcher: ReturnType<typeof vi.fn>;
  refused: () => void;
} {
  const fetcher = vi.fn(async () => {
    if (answer instanceof Error) throw answer;
    return answer;
  });
  const refused = vi.fn();
  return { client: new ApiClient("the key", refused, fetcher as unknown as typeof fetch), fetcher, refused };
}

const json = (status: number, body: unknown, headers = {}) =>
  new Response(JSON.stringify(body), { status, headers });

const fault = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => {
      throw new Error("it succeeded");
    },
    (error: unknown) => error,
  );

describe("the address of a call", () => {
  it("has what comes from outside escaped, so that it can't lead to another call", () => {
    expect(
      addressOf("/v0/namespace/{namespace}/run/{run_id}", { namespace: "a/../b", run_id: "x?y#z" }),
    ).toBe("/v0/namespace/a%2F..%2Fb/run/x%3Fy%23z");
  });

  it("names a filter as often as it has values, and leaves out what is not set", () => {
    expect(addressOf("/v0/x", {}, { status: ["A", "B"], cursor: "", limit: 5, identifier: undefined })).toBe(
      "/v0/x?status=A&status=B&limit=5",
    );
  });
});

describe("a call", () => {
  it("carries the key, and gives the body of the answer", async () => {
    const { client, fetcher } = answering(json(200, { namespaces: ["a"], count: 1 }));
    expect(await client.get("/v0/namespaces", {})).toEqual({ namespaces: ["a"], count: 1 });
    expect(fetcher).toHaveBeenCalledWith("/v0/namespaces", {
      method: "GET",
      headers: { "x-api-key": "the key" },
    });
  });

  it("that is refused tells what the state manager said", async () => {
    const { client } = answering(
      json(
        429,
        { detail: "too much", errors: ["a", "b"] },
        { "retry-after": "3", "x-exosphere-request-id": "r" },
      ),
    );
    const error = await fault(client.get("/v0/namespaces", {}));
    expect(error).toEqual(new ApiError(429, "too much", ["a", "b"], "r", 3000));
    expect(error).toMatchObject({ errors: ["a", "b"], requestId: "r", retryAfterMs: 3000, passes: true });
  });

  it("that a proxy answers with a page is an error all the same, without the page", async () => {
    const { client } = answering(new Response("<html>", { status: 502, statusText: "Bad Gateway" }));
    expect(await fault(client.get("/v0/namespaces", {}))).toMatchObject({
      detail: "The state manager answered 502 Bad Gateway",
    });
  });

  it("without an answer is worth sending again, and one that says no is not", async () => {
    const lost = await fault(answering(new TypeError("failed to fetch")).client.get("/v0/namespaces", {}));
    expect(lost).toBeInstanceOf(Unreachable);
    expect(passes(lost)).toBe(true);
    expect(passes(new ApiError(409, "no"))).toBe(false);
  });

  it("with a key that is no longer good says so once for all", async () => {
    const { client, refused } = answering(json(401, { detail: "Invalid API key" }));
    await fault(client.get("/v0/namespaces", {}));
    expect(refused).toHaveBeenCalledTimes(1);
  });
});
