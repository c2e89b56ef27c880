/** The rows of the timeline: a lane for each node, which opens into its chains. */

import type { Counts } from "../run/classes";
import { attemptsOf, type Chain, spanOf } from "./chains";
import type { Segment } from "./segments";

export interface Lane {
  identifier: string;
  chains: Chain[];
  /** Until the first of its states was executed, and from there to the end of the last. */
  segments: Segment[];
}

/** How many of its states were read. */
export function readOf(lane: Lane): number {
  return lane.chains.reduce((sum, chain) => sum + chain.states.length, 0);
}

export type Row =
  | { kind: "lane"; lane: Lane; open: boolean }
  /** `alone`: it is all that its node has, and stands for its lane. */
  | { kind: "chain"; chain: Chain; alone: boolean }
  /** How many states of a node have not been read. */
  | { kind: "rest"; identifier: string; count: number };

/** The nodes with states among these chains, in the order in which they began. */
export function lanesOf(chains: readonly Chain[], now: number): Lane[] {
  const lanes = new Map<string, Chain[]>();
  for (const chain of chains) {
    const lane = lanes.get(chain.identifier);
    if (lane) lane.push(chain);
    else lanes.set(chain.identifier, [chain]);
  }
  return [...lanes].map(([identifier, own]) => ({ identifier, chains: own, segments: summed(own, now) }));
}

function summed(chains: readonly Chain[], now: number): Segment[] {
  let from = Number.POSITIVE_INFINITY;
  let began = Number.POSITIVE_INFINITY;
  let to = 0;
  for (const chain of chains) {
    const span = spanOf(chain, now);
    from = Math.min(from, span.from);
    to = Math.max(to, span.to);
    for (const { segments } of attemptsOf(chain, now)) {
      for (const segment of segments) {
        if (segment.kind === "running" || segment.kind === "untold") began = Math.min(began, segment.from);
      }
    }
  }
  began = Math.min(began, to);
  const segments: Segment[] = [
    { kind: "waiting", from, to: began },
    { kind: "running", from: began, to },
  ];
  return segments.filter((one) => one.to > one.from || one === segments.at(-1));
}

/** A lane with no more chains than this is open until somebody closes it. */
const FEW = 12;

/**
 * The rows, as lanes are open and closed.
 *
 * @param identifiers of all nodes that are asked for; one of which nothing was read yet is told, too.
 * @param chosen identifier → whether somebody opened or closed its lane.
 * @param countsOf how many states a node has, read or not.
 */
export function rowsOf(
  lanes: readonly Lane[],
  identifiers: readonly string[],
  chosen: ReadonlyMap<string, boolean>,
  countsOf: (identifier: string) => Counts,
): Row[] {
  const rows: Row[] = [];
  for (const lane of lanes) {
    const [first, ...others] = lane.chains;
    const count = countsOf(lane.identifier).total - readOf(lane);
    if (first && others.length === 0 && count <= 0) {
      rows.push({ kind: "chain", chain: first, alone: true });
      continue;
    }
    const open = chosen.get(lane.identifier) ?? lane.chains.length <= FEW;
    rows.push({ kind: "lane", lane, open });
    if (!open) continue;
    for (const chain of lane.chains) rows.push({ kind: "chain", chain, alone: false });
    if (count > 0) rows.push({ kind: "rest", identifier: lane.identifier, count });
  }
  const read = new Set(lanes.map((lane) => lane.identifier));
  for (const identifier of identifiers) {
    const count = countsOf(identifier).total;
    if (count > 0 && !read.has(identifier)) rows.push({ kind: "rest", identifier, count });
  }
  return rows;
}
