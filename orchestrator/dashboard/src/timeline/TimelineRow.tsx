import { memo } from "react";
import { CountsBar } from "../kit/CountsBar";
import { number, short } from "../kit/format";
import { classOf, type Counts, type StatusClass } from "../run/classes";
import { placeOf, type Span } from "./axis";
import { attemptsOf, type Chain, lastOf } from "./chains";
import { type Lane, readOf, type Row } from "./lanes";
import type { Segment } from "./segments";
import { attemptWords, chainWords, laneWords } from "./words";

interface Shown {
  now: number;
  shown: Span;
  countsOf(identifier: string): Counts;
  chosen: string;
  onChoose(state: string): void;
  /** What is done about states of a node that were not read, and how that is called. */
  restVerb: string;
  onRest(identifier: string): void;
  onOpen(identifier: string, open: boolean): void;
  /** Says what the row holds, in words. */
  onTell(words: string): void;
}

/** Remembered: while one scrolls, only rows that come into sight are made. */
export const TimelineRow = memo(function TimelineRow({ row, ...shown }: Shown & { row: Row }) {
  if (row.kind === "lane") return <LaneRow lane={row.lane} open={row.open} {...shown} />;
  if (row.kind === "chain") return <ChainRow chain={row.chain} alone={row.alone} {...shown} />;
  return (
    <div className="timeline-row inner">
      <button type="button" className="link timeline-rest" onClick={() => shown.onRest(row.identifier)}>
        {number(row.count)} of {row.identifier} not read yet: {shown.restVerb}
      </button>
    </div>
  );
});

function LaneRow({ lane, open, shown, countsOf, onOpen, onTell }: Shown & { lane: Lane; open: boolean }) {
  const counts = countsOf(lane.identifier);
  const read = readOf(lane);
  const words = laneWords(lane, counts.total);
  return (
    <div className="timeline-row" onPointerEnter={() => onTell(words)}>
      <button
        type="button"
        className="timeline-label"
        aria-expanded={open}
        onClick={() => onOpen(lane.identifier, !open)}
        onFocus={() => onTell(words)}
      >
        <span aria-hidden="true">{open ? "▾" : "▸"}</span>
        <strong>{lane.identifier}</strong>
        <CountsBar counts={counts} />
        <span className="hint">
          {read < counts.total && `${number(read)} of `}
          {number(counts.total)}
        </span>
        <span className="unseen">: {words}</span>
      </button>
      <div className="timeline-track">
        {lane.segments.map((segment) => (
          <Piece key={segment.kind} segment={segment} shown={shown} outcome={outcomeOf(counts)} many />
        ))}
      </div>
    </div>
  );
}

function ChainRow({
  chain,
  alone,
  now,
  shown,
  chosen,
  onChoose,
  onTell,
}: Shown & { chain: Chain; alone: boolean }) {
  const last = lastOf(chain);
  const words = chainWords(chain, now);
  const isChosen = chain.states.some((state) => state.id === chosen);
  return (
    <div
      className={`timeline-row ${alone ? "" : "inner"} ${isChosen ? "chosen" : ""}`}
      onPointerEnter={() => onTell(words)}
    >
      <button
        type="button"
        className="timeline-label"
        aria-pressed={isChosen}
        onClick={() => onChoose(last.id)}
        onFocus={() => onTell(words)}
      >
        {alone ? <strong>{chain.identifier}</strong> : <span className="id">{short(last.id)}</span>}
        {chain.states.length > 1 && <span className="badge retried">{chain.states.length} tries</span>}
        <span className="unseen">: {words}</span>
      </button>
      <div className="timeline-track">
        {attemptsOf(chain, now).map(({ state, segments }) => (
          <button
            type="button"
            key={state.id}
            className="timeline-attempt"
            tabIndex={-1}
            aria-hidden="true"
            title={attemptWords({ state, segments })}
            onClick={() => onChoose(state.id)}
          >
            {segments.map((segment) => (
              <Piece key={segment.kind} segment={segment} shown={shown} outcome={classOf(state.status)} />
            ))}
          </button>
        ))}
      </div>
    </div>
  );
}

function Piece({
  segment,
  shown,
  outcome,
  many = false,
}: {
  segment: Segment;
  shown: Span;
  outcome: StatusClass;
  many?: boolean;
}) {
  const left = Math.max(0, placeOf(segment.from, shown));
  const right = Math.min(1, placeOf(segment.to, shown));
  if (left > 1 || right < 0) return null;
  return (
    <span
      className={`piece ${segment.kind} ${outcome} ${many ? "many" : ""}`}
      // What took no time is seen at the edge, too.
      style={{ left: `min(${left * 100}%, 100% - 2px)`, width: `${Math.max(0, right - left) * 100}%` }}
    />
  );
}

/** What the bar of many says: what went wrong before what goes on, and that before what is done. */
function outcomeOf(counts: Counts): StatusClass {
  if (counts.errored > 0) return "errored";
  if (counts.pending > 0) return "pending";
  return counts.cancelled > 0 ? "cancelled" : "success";
}
