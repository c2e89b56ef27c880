import { defineConfig } from "vitest/config";

/** The tests that click through the dashboard; `make test-ui` starts what they look at. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["**/*.e2e.ts"],
    // One browser on one state manager: a machine with two cores has no room for more.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
