import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import type { Counts } from "../run/classes";
import { placeOf, type Span, ticksOf } from "./axis";
import type { Row } from "./lanes";
import { TimelineLegend } from "./TimelineLegend";
import { TimelineRow } from "./TimelineRow";
import { useZoom } from "./useZoom";

const ROW_PX = 28;
const AXIS_PX = 30;
const BORDERS_PX = 2;
/** How near to the end somebody is there, in rows. */
const AHEAD = 20;
/** How many ticks have room. */
const TICKS = 8;
/** Up to where a tick has room for its label. */
const LABELLED = 0.94;
const HOW =
  "Point at a bar to read its times. Ctrl + wheel, or + and −, zoom; arrow keys or dragging the scale move.";

interface Chart {
  rows: readonly Row[];
  whole: Span;
  countsOf(identifier: string): Counts;
  chosen: string;
  onChoose(state: string): void;
  restVerb: string;
  onRest(identifier: string): void;
  /** Somebody has come near to the end of the rows; null when nothing follows by itself. */
  onEnd: (() => void) | null;
  onOpen(identifier: string, open: boolean): void;
}

export function TimelineChart({
  rows,
  whole,
  countsOf,
  chosen,
  onChoose,
  restVerb,
  onRest,
  onEnd,
  onOpen,
}: Chart) {
  const box = useRef<HTMLDivElement>(null);
  const axis = useRef<HTMLDivElement>(null);
  const zoom = useZoom(whole, box, axis);
  const [words, setWords] = useState("");
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    scrollMargin: AXIS_PX,
    overscan: 12,
    getItemKey: (index) => keyOf(rows[index], index),
  });
  const last = virtual.getVirtualItems().at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= rows.length - AHEAD) onEnd?.();
  }, [last, rows.length, onEnd]);
  const ticks = ticksOf(zoom.shown, whole.from, TICKS).map((tick) => {
    const place = placeOf(tick.at, zoom.shown);
    return { at: tick.at, left: `${place * 100}%`, label: place < LABELLED ? tick.label : "" };
  });
  return (
    <div className="timeline">
      <div className="row">
        <TimelineLegend />
        <span className="spring" />
        <div className="row" role="group" aria-label="Zoom">
          <button
            type="button"
            className="button small"
            aria-keyshortcuts="-"
            onClick={zoom.farther}
            disabled={!zoom.near}
          >
            <span aria-hidden="true">−</span>
            <span className="unseen">Zoom out</span>
          </button>
          <button type="button" className="button small" aria-keyshortcuts="+" onClick={zoom.closer}>
            <span aria-hidden="true">+</span>
            <span className="unseen">Zoom in</span>
          </button>
          <button
            type="button"
            className="button small"
            aria-keyshortcuts="0"
            onClick={zoom.reset}
            disabled={!zoom.near}
          >
            Whole run
          </button>
        </div>
      </div>
      <section
        className="timeline-box"
        aria-label="Timeline"
        ref={box}
        style={{ height: AXIS_PX + rows.length * ROW_PX + BORDERS_PX }}
      >
        <div className="timeline-head" style={{ height: AXIS_PX }} aria-hidden="true">
          <span className="hint">time since its start</span>
          <div className="timeline-axis" ref={axis}>
            {ticks.map((tick) => (
              <span key={tick.at} style={{ left: tick.left }}>
                {tick.label}
              </span>
            ))}
          </div>
        </div>
        <div className="timeline-grid" aria-hidden="true" style={{ height: virtual.getTotalSize() }}>
          {ticks.map((tick) => (
            <span key={tick.at} style={{ left: tick.left }} />
          ))}
        </div>
        <ul style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return (
              row && (
                <li
                  key={item.key}
                  aria-setsize={rows.length}
                  aria-posinset={item.index + 1}
                  style={{ transform: `translateY(${item.start - AXIS_PX}px)`, height: ROW_PX }}
                >
                  <TimelineRow
                    row={row}
                    now={whole.to}
                    shown={zoom.shown}
                    countsOf={countsOf}
                    chosen={chosen}
                    onChoose={onChoose}
                    restVerb={restVerb}
                    onRest={onRest}
                    onOpen={onOpen}
                    onTell={setWords}
                  />
                </li>
              )
            );
          })}
        </ul>
      </section>
      <p className="hint timeline-words">{words || HOW}</p>
    </div>
  );
}

function keyOf(row: Row | undefined, index: number): string | number {
  if (row === undefined) return index;
  if (row.kind === "lane") return `lane ${row.lane.identifier}`;
  return row.kind === "chain" ? row.chain.id : `rest ${row.identifier}`;
}
