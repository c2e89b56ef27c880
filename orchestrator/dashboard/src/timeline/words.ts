/** The timeline in words, for who points at a bar, and for who can't see it. */

import { duration, number, short } from "../kit/format";
import { attemptsOf, type Attempt, type Chain, lastOf, spanOf } from "./chains";
import { type Lane, readOf } from "./lanes";
import { type Segment, type SegmentKind, spentOn } from "./segments";

const WORDS: Readonly<Record<SegmentKind, string>> = {
  delay: "delayed",
  waiting: "waited",
  running: "ran",
  untold: "waited and ran, in all,",
};

/** "waited 1.2 s, ran 340 ms" */
export function spentWords(segments: readonly Segment[]): string {
  const spent = spentOn(segments);
  const kinds = (Object.keys(WORDS) as SegmentKind[]).filter((kind) => spent[kind] > 0);
  return kinds.map((kind) => `${WORDS[kind]} ${duration(spent[kind])}`).join(", ") || "took no time";
}

export function attemptWords({ state, segments }: Attempt): string {
  return `${short(state.id)} ${state.status.toLowerCase().replaceAll("_", " ")}: ${spentWords(segments)}`;
}

export function chainWords(chain: Chain, now: number): string {
  const tries = chain.states.length;
  return [
    `${chain.identifier} ${short(lastOf(chain).id)}`,
    lastOf(chain).status.toLowerCase().replaceAll("_", " "),
    ...(tries > 1 ? [`${number(tries)} tries`] : []),
    spentWords(attemptsOf(chain, now).flatMap((attempt) => attempt.segments)),
    clocks(spanOf(chain, now)),
  ].join(" · ");
}

export function laneWords(lane: Lane, total: number): string {
  const from = lane.segments[0]?.from ?? 0;
  const to = lane.segments.at(-1)?.to ?? from;
  const read = readOf(lane);
  return [
    lane.identifier,
    `${number(total)} ${total === 1 ? "state" : "states"}${read < total ? `, ${number(read)} read` : ""}`,
    `within ${duration(to - from)}`,
    clocks({ from, to }),
  ].join(" · ");
}

/** The time of day, as the events have it, too: in UTC. */
export function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}

function clocks({ from, to }: { from: number; to: number }): string {
  return `${clock(from)} to ${clock(to)} UTC`;
}
