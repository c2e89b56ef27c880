import tests from "./vitest.config";

/** What `make screenshots` runs. */
export default { ...tests, test: { ...tests.test, include: ["**/*.shots.ts"] } };
