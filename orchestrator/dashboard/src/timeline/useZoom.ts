import { type RefObject, useCallback, useEffect, useState } from "react";
import { moved, type Span, zoomed } from "./axis";

const STEP = 0.5;
/** How far an arrow key moves, as a share of what is in sight. */
const ARROW = 0.2;
/** By how much a turn of the wheel of so many px changes the time in sight. */
const PX = 400;

export interface Zoom {
  shown: Span;
  /** Whether that is less than the whole. */
  near: boolean;
  closer(): void;
  farther(): void;
  reset(): void;
}

/**
 * The time in sight, moved by buttons, keys, the wheel, and by dragging the axis.
 *
 * @param box where keys and the wheel are listened to.
 * @param axis what is as wide as the time in sight.
 */
export function useZoom(
  whole: Span,
  box: RefObject<HTMLElement | null>,
  axis: RefObject<HTMLElement | null>,
): Zoom {
  const { from, to } = whole;
  const [chosen, setChosen] = useState<Span | null>(null);
  const zoom = useCallback(
    (factor: number, share = 0.5) =>
      setChosen((before) => {
        const now = before ?? { from, to };
        const after = zoomed(now, factor, now.from + share * (now.to - now.from), { from, to });
        return after.from <= from && after.to >= to ? null : after;
      }),
    [from, to],
  );
  const move = useCallback(
    (share: number) => setChosen((before) => before && moved(before, share, { from, to })),
    [from, to],
  );

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    // React listens to the wheel passively: the page would be zoomed, too.
    const wheel = (event: WheelEvent) => {
      const place = axis.current?.getBoundingClientRect();
      if (!place) return;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        zoom(2 ** (event.deltaY / PX), (event.clientX - place.left) / place.width);
      } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        move((event.deltaX || event.deltaY) / place.width);
      }
    };
    const key = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const act = KEYS.get(event.key);
      if (!act) return;
      event.preventDefault();
      act(zoom, move, () => setChosen(null));
    };
    element.addEventListener("wheel", wheel, { passive: false });
    element.addEventListener("keydown", key);
    return () => {
      element.removeEventListener("wheel", wheel);
      element.removeEventListener("keydown", key);
    };
  }, [box, axis, zoom, move]);

  useEffect(() => {
    const element = axis.current;
    if (element === null) return;
    let last: number | null = null;
    const down = (event: PointerEvent) => {
      last = event.clientX;
      element.setPointerCapture(event.pointerId);
    };
    const drag = (event: PointerEvent) => {
      if (last === null) return;
      move((last - event.clientX) / element.clientWidth);
      last = event.clientX;
    };
    const up = () => {
      last = null;
    };
    element.addEventListener("pointerdown", down);
    element.addEventListener("pointermove", drag);
    element.addEventListener("pointerup", up);
    element.addEventListener("pointercancel", up);
    return () => {
      element.removeEventListener("pointerdown", down);
      element.removeEventListener("pointermove", drag);
      element.removeEventListener("pointerup", up);
      element.removeEventListener("pointercancel", up);
    };
  }, [axis, move]);

  return {
    shown: chosen ?? whole,
    near: chosen !== null,
    closer: () => zoom(STEP),
    farther: () => zoom(1 / STEP),
    reset: () => setChosen(null),
  };
}

type Act = (zoom: (factor: number) => void, move: (share: number) => void, reset: () => void) => void;

const KEYS: ReadonlyMap<string, Act> = new Map<string, Act>([
  ["+", (zoom) => zoom(STEP)],
  ["=", (zoom) => zoom(STEP)],
  ["-", (zoom) => zoom(1 / STEP)],
  ["0", (_zoom, _move, reset) => reset()],
  ["ArrowLeft", (_zoom, move) => move(-ARROW)],
  ["ArrowRight", (_zoom, move) => move(ARROW)],
]);
