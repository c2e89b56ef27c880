import type { Run, State } from "../api/types";

/** A state that is looked at, and what leads to another one of its run. */
export interface ShownState {
  namespace: string;
  run: Run;
  state: State;
  onChoose(state: string): void;
}
