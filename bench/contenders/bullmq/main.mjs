// BullMQ on Node.js, by the same interface as the Python contenders (see ../serve.py).
import { createInterface } from "node:readline";
import { openSync, readFileSync, writeSync } from "node:fs";
import { FlowProducer, Queue, Worker } from "bullmq";

const url = new URL(process.env.BENCH_REDIS_URL ?? "redis://127.0.0.1:6379/0");
const connection = { host: url.hostname, port: Number(url.port), maxRetriesPerRequest: null };
const NAME = "bench";
const best = { concurrency: 64 };
const choices = { concurrency: [16, 64, 256] };

function settings() {
  let found = {};
  try {
    found = JSON.parse(readFileSync(new URL("../best.json", import.meta.url))).bullmq ?? {};
  } catch (missing) {
    if (missing.code !== "ENOENT") throw missing;
  }
  return { ...best, ...found, ...JSON.parse(process.env.BENCH_SETTINGS ?? "{}") };
}

// One append of 8 bytes: seconds of the monotonic clock, which all processes of a machine share.
let file;
function stamp() {
  file ??= openSync(process.env.BENCH_STAMPS, "a");
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(monotonic());
  writeSync(file, bytes);
}

function monotonic() {
  return Number(process.hrtime.bigint()) / 1e9;
}

function work() {
  const flows = new FlowProducer({ connection });
  const does = {
    work: (job) => job.data.value,
    hop: async (job) => Object.values(await job.getChildrenValues())[0] ?? job.data.value,
    spread: async (job) => {
      const children = Array.from({ length: job.data.width }, (_, number) => ({
        name: "work", queueName: NAME, data: { value: String(number) },
      }));
      await flows.add({ name: "gather", queueName: NAME, data: { width: job.data.width }, children });
    },
    gather: async (job) => {
      const size = Object.keys(await job.getChildrenValues()).length;
      if (size !== job.data.width) throw new Error(`${size} results`);
      return size;
    },
  };
  const worker = new Worker(
    NAME,
    async (job) => {
      const value = await does[job.name](job);
      stamp();
      return value;
    },
    { connection, concurrency: settings().concurrency },
  );
  worker.on("failed", (job, error) => console.error(error));
  process.on("SIGTERM", () => process.exit(0));
}

class Client {
  constructor() {
    this.queue = new Queue(NAME, { connection });
    this.flows = new FlowProducer({ connection });
  }

  async tasks({ count, size = 0 }) {
    await inParts(count, (some) => this.queue.addBulk(Array.from({ length: some }, () => one("work", size))));
  }

  // Children are executed before their parent: the innermost one is the first of the chain.
  async chains({ count, length, size = 0 }) {
    const whole = () => {
      let job = { ...one("hop", size), queueName: NAME };
      for (let place = 1; place < length; place++) job = { name: "hop", queueName: NAME, data: {}, children: [job] };
      return job;
    };
    await inParts(count, (some) => this.flows.addBulk(Array.from({ length: some }, whole)));
  }

  async fan({ width }) {
    await this.queue.add("spread", { width });
  }

  async ended({ tasks }) {
    return (await this.queue.getCompletedCount()) >= tasks;
  }
}

function one(name, size) {
  return { name, data: { value: "x".repeat(Math.max(1, size)) } };
}

async function inParts(count, call) {
  for (let start = 0; start < count; start += 100) await call(Math.min(100, count - start));
}

function description() {
  const { version } = JSON.parse(readFileSync(new URL("./node_modules/bullmq/package.json", import.meta.url)));
  return {
    versions: { bullmq: version, node: process.versions.node },
    settings: settings(),
    choices,
    guarantee:
      "a job that a worker has is locked and the lock renewed; another worker executes it again when the lock of a dead one has expired (its default, 30 s)",
    written: "`FlowProducer`: a chain is a job whose child is the job before it, a join a job with a thousand children; enqueued with `addBulk`",
  };
}

async function serve() {
  let client;
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: what, ...call } = JSON.parse(line);
    let answer;
    try {
      if (what === "describe") {
        answer = { found: description() };
      } else {
        client ??= new Client();
        const began = monotonic();
        const found = await client[what](call);
        answer = { found: found ?? null, began, took: monotonic() - began };
      }
    } catch (failed) {
      answer = { error: String(failed) };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
  process.exit(0);
}

if (process.argv[2] === "work") work();
else await serve();
