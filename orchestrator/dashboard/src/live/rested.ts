/** Something that is asked for in crowds and done one at a time, with a rest after each. */

export interface Rested {
  /** Have it done: at once, or after the rest that is on, however often it was asked for meanwhile. */
  ask(): void;
  /** Do nothing more. */
  stop(): void;
}

/** What takes long rests longer, so that an answer of a second is not asked for without end. */
const REST_FOR_TIME = 4;

export function rested(
  act: () => Promise<unknown>,
  restMs: number,
  now: () => number = () => performance.now(),
): Rested {
  let resting = false;
  let asked = false;
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const begin = async () => {
    asked = false;
    resting = true;
    const began = now();
    try {
      await act();
    } catch {
      // Whoever reads shows why it failed; the next one may succeed.
    }
    if (stopped) return;
    timer = setTimeout(
      () => {
        resting = false;
        if (asked) void begin();
      },
      Math.max(restMs, REST_FOR_TIME * (now() - began)),
    );
  };
  return {
    ask: () => {
      asked = true;
      if (!resting && !stopped) void begin();
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
