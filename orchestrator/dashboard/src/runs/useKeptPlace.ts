import { type RefObject, useLayoutEffect, useRef } from "react";

/** By how many rows a list has moved under the eyes of who looks at a row; 0 where that row is gone. */
export function movedBy(ids: readonly string[], id: string | undefined, index: number): number {
  if (id === undefined || ids[index] === id) return 0;
  const found = ids.indexOf(id);
  return found < 0 ? 0 : found - index;
}

/** Keeps the rows in sight where they are while others come and go above them; at the top, new ones come into sight. */
export function useKeptPlace(box: RefObject<HTMLElement | null>, ids: readonly string[], rowPx: number) {
  const before = useRef(ids);
  useLayoutEffect(() => {
    const index = Math.floor((box.current?.scrollTop ?? 0) / rowPx);
    if (index > 0 && before.current !== ids) {
      const top = movedBy(ids, before.current[index], index) * rowPx;
      if (top !== 0) box.current?.scrollBy({ top, behavior: "instant" });
    }
    before.current = ids;
  }, [box, ids, rowPx]);
}
