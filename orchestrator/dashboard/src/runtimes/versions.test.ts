import { expect, it } from "vitest";
import { versionsOf } from "./versions";

const on = (version: string | null, alive = true) => ({ version, alive });

it("counts the versions that are about, the most frequent first", () => {
  expect(versionsOf([on("0.1.0"), on("0.2.0"), on("0.2.0")])).toEqual([
    { version: "0.2.0", count: 2 },
    { version: "0.1.0", count: 1 },
  ]);
});

it("leaves out who is gone, and who did not tell", () => {
  expect(versionsOf([on("0.1.0", false), on(null), on("0.2.0")])).toEqual([{ version: "0.2.0", count: 1 }]);
});
