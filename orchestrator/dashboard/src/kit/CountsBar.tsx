import { CLASSES, type Counts } from "../run/classes";
import { number } from "./format";

/** How many of the states are in which class: a bar, and the same in words for who can't see it. */
export function CountsBar({ counts }: { counts: Counts }) {
  const parts = CLASSES.filter((one) => counts[one] > 0);
  const words = parts.map((one) => `${number(counts[one])} ${one}`).join(", ") || "no states yet";
  return (
    <span className="counts-bar" role="img" aria-label={words} title={words}>
      {parts.map((one) => (
        <span key={one} className={one} style={{ flexGrow: counts[one] }} />
      ))}
    </span>
  );
}
