/** What became of a text, line by line. */

import { diffLines } from "diff";

export interface DiffLine {
  kind: "same" | "added" | "removed";
  text: string;
  /** Numbers of the line in both texts, beginning with 1; null where it is not. */
  before: number | null;
  after: number | null;
}

export function diffOf(before: string, after: string): DiffLine[] {
  const lines: DiffLine[] = [];
  let old = 0;
  let now = 0;
  for (const part of diffLines(before, after)) {
    const kind = part.added ? "added" : part.removed ? "removed" : "same";
    for (const text of part.value.replace(/\n$/, "").split("\n")) {
      if (kind !== "added") old += 1;
      if (kind !== "removed") now += 1;
      lines.push({
        kind,
        text,
        before: kind === "added" ? null : old,
        after: kind === "removed" ? null : now,
      });
    }
  }
  return lines;
}

/** Lines that are shown, or many equal ones that are folded away. */
export interface Stretch {
  folded: boolean;
  lines: DiffLine[];
}

/** How many equal lines around a change are shown. */
const AROUND = 3;

/** Fold what is equal and far from every change. */
export function folded(lines: readonly DiffLine[], around = AROUND): Stretch[] {
  const near = new Set<number>();
  lines.forEach((line, index) => {
    if (line.kind === "same") return;
    for (let at = index - around; at <= index + around; at += 1) near.add(at);
  });
  const stretches: Stretch[] = [];
  lines.forEach((line, index) => {
    const isFolded = !near.has(index);
    const last = stretches.at(-1);
    if (last?.folded === isFolded) last.lines.push(line);
    else stretches.push({ folded: isFolded, lines: [line] });
  });
  return stretches;
}

/** How many lines were added and removed. */
export function changesOf(lines: readonly DiffLine[]): { added: number; removed: number } {
  const count = (kind: DiffLine["kind"]) => lines.filter((line) => line.kind === kind).length;
  return { added: count("added"), removed: count("removed") };
}
