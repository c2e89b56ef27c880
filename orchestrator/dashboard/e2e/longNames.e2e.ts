import { beforeAll, expect, it, vi } from "vitest";
import { call, signIn, URI, visits } from "./stage";

const visit = visits();

/** Names may have so many characters, and here there is no place in them where a line could end. */
const LONGEST = 128;
const longest = (word: string) => word.padEnd(LONGEST, "x");

const NAMESPACE = longest("namespace");
const GRAPH = longest("graph");
const NODE = longest("Node");
const FIRST = longest("first");
const SECOND = longest("second");
const FIELD = longest("field");

/** What no content may stand out of. A table that is too wide moves within its own frame. */
const FRAMES = ".bar, .card, .tile, .panel, .notice, .empty, .head, .react-flow__node, [role=tabpanel], nav";

let run = "";

beforeAll(async () => {
  const schema = { type: "object", properties: { [FIELD]: { type: "string" } }, required: [FIELD] };
  await call("PUT", `namespace/${NAMESPACE}/nodes/`, {
    runtime_name: longest("runtime"),
    instance: longest("instance"),
    version: "9".repeat(64),
    nodes: [{ name: NODE, inputs_schema: schema, outputs_schema: schema, secrets: [] }],
  });
  const node = { node_name: NODE, namespace: NAMESPACE };
  await call("PUT", `namespace/${NAMESPACE}/graph/${GRAPH}`, {
    secrets: {},
    nodes: [
      { ...node, identifier: FIRST, inputs: { [FIELD]: "1" }, next_nodes: [SECOND] },
      {
        ...node,
        identifier: SECOND,
        inputs: { [FIELD]: `\${{ ${FIRST}.outputs.${FIELD} }}` },
        next_nodes: [],
      },
    ],
    retry_policy: { max_retries: 0 },
    triggers: [{ type: "CRON", value: { expression: "0 3 * * *", timezone: "Europe/Berlin" } }],
  });
  const made = await call<{ run_id: string }>("POST", `namespace/${NAMESPACE}/graph/${GRAPH}/trigger`, {});
  run = made.run_id;
  const [taken] = await vi.waitFor(
    async () => {
      const found = await call<{ states: { state_id: string; attempt: number }[] }>(
        "POST",
        `namespace/${NAMESPACE}/states/enqueue`,
        { nodes: [NODE], batch_size: 1 },
      );
      expect(found.states).toHaveLength(1);
      return found.states;
    },
    { timeout: 20_000 },
  );
  await call("POST", `namespace/${NAMESPACE}/state/${taken?.state_id}/errored`, {
    attempt: taken?.attempt,
    error: longest("Error"),
  });
  await call("GET", `namespace/${NAMESPACE}/run/${run}/wait?timeout_ms=30000`);
});

const at = (...parts: string[]) => [URI, "ns", NAMESPACE, ...parts].join("/");

/** Frames that something stands out of, and the page itself where it can be moved sideways. */
const overflown = () =>
  visit.page.evaluate((frames) => {
    const page = document.documentElement;
    const found = page.scrollWidth > page.clientWidth ? ["the page"] : [];
    for (const frame of document.querySelectorAll<HTMLElement>(frames)) {
      if (frame.scrollWidth > frame.clientWidth + 1)
        found.push(`${frame.className} ${frame.getAttribute("aria-label") ?? ""}`);
    }
    return found;
  }, FRAMES);

const PAGES = [
  { page: "the overview", address: () => at(), shown: "Error" },
  { page: "the list of runs", address: () => at("runs"), shown: "graph" },
  { page: "a run", address: () => at("runs", run), shown: "first" },
  { page: "the timeline of a run", address: () => `${at("runs", run)}?tab=timeline`, shown: "first" },
  { page: "the list of graphs", address: () => at("graphs"), shown: "graph" },
  { page: "a graph", address: () => at("graphs", GRAPH), shown: "second" },
  { page: "a node of a graph", address: () => `${at("graphs", GRAPH)}?node=${FIRST}`, shown: "second" },
  { page: "the list of nodes", address: () => at("nodes"), shown: "runtime" },
  { page: "a node", address: () => `${at("nodes")}?node=${NODE}`, shown: "field" },
  { page: "admin", address: () => at("admin"), shown: "Audit" },
];

for (const width of [1280, 400]) {
  it.each(PAGES)(
    `$page holds the longest names in its frames, ${width} px wide`,
    async ({ address, shown }) => {
      await visit.page.setViewportSize({ width, height: 900 });
      await signIn(visit.page, address());
      await visit.page.locator("main").getByText(shown).first().waitFor();
      // With all that it asked for: what comes late is as long.
      await expect.poll(() => visit.page.locator("main .spinner").count()).toBe(0);
      expect(await overflown()).toEqual([]);
    },
  );
}
