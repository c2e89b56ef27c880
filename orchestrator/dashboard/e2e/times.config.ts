import tests from "./vitest.config";

/** What `make view-times` runs. */
export default { ...tests, test: { ...tests.test, include: ["**/*.times.ts"] } };
