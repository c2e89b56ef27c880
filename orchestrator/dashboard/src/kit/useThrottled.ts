import { useEffect, useRef } from "react";

/** Act after something has changed, but not more often than every so many ms. */
export function useThrottled(version: number, everyMs: number, act: () => void): void {
  const now = useRef({ version, act });
  const acted = useRef(version);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    now.current = { version, act };
    if (version === acted.current || timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      acted.current = now.current.version;
      now.current.act();
    }, everyMs);
  });
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
}
