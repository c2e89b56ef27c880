import { expect, it, vi } from "vitest";
import { loaded, type Page } from "./loaded";

function pageOf(answers: boolean[]) {
  const kept = new Map<string, string>();
  const page = {
    store: {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => void kept.set(name, value),
    },
    now: () => 1_000_000,
    answers: vi.fn(() => Promise.resolve(answers.shift() ?? true)),
    rest: vi.fn(() => Promise.resolve()),
    reload: vi.fn(),
  };
  return page satisfies Page;
}

const missing = () => Promise.reject(new Error("no such script"));

it("gives the part that was loaded", async () => {
  const page = pageOf([]);
  expect(await loaded(() => Promise.resolve("part"), page)).toBe("part");
  expect(page.reload).not.toHaveBeenCalled();
});

it("waits for a state manager that is away, and loads the page anew once", async () => {
  const page = pageOf([false, false, true]);
  void loaded(missing, page);
  await vi.waitFor(() => expect(page.reload).toHaveBeenCalledOnce());
  expect(page.rest.mock.calls).toEqual([[500], [1000]]);
});

it("says what is wrong when that has just been tried", async () => {
  const page = pageOf([]);
  void loaded(missing, page);
  await vi.waitFor(() => expect(page.reload).toHaveBeenCalledOnce());
  await expect(loaded(missing, page)).rejects.toThrow("no such script");
});
