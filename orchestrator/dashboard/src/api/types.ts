/** The bodies of the HTTP API by name, as docs/openapi.json declares them. */

import type { components } from "./schema.gen";

export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

export type WhoAmI = Schema<"WhoAmIResponse">;
export type Role = Schema<"Role">;
export type RunSummary = Schema<"RunSummary">;
export type Run = Schema<"RunResponse">;
export type NodeProgress = Schema<"NodeProgress">;
export type Graph = Schema<"GraphResponse">;
export type GraphNode = Schema<"GraphNodeBody">;
export type StateSummary = Schema<"StateSummary">;
export type State = Schema<"StateResponse">;
export type Status = Schema<"Status">;
export type Queue = Schema<"QueueBody">;
export type Runtime = Schema<"RuntimeBody">;
export type RunStatus = Schema<"RunStatus">;
export type FoundRuns = Schema<"FoundRunsResponse">;
export type RegisteredNode = Schema<"RegisteredNode">;
export type Figures = Schema<"FiguresResponse">;
export type MinuteFigures = Schema<"MinuteFigures">;
export type NodeFigures = Schema<"NodeFigures">;
export type BulkRetry = Schema<"BulkRetryResponse">;
export type ApiKey = Schema<"KeyBody">;
export type AuditEntry = Schema<"AuditEntry">;
export type Setting = Schema<"SettingBody">;
export type Schedule = Schema<"ScheduleBody">;
export type LogLine = Schema<"LogLine">;

/** One event of the lines of a run; the stream's schema has no name of its own in the description. */
export interface LogEvent {
  event: "line" | "gap" | "end";
  id: string;
  run_id: string;
  line?: LogLine;
  dropped?: number;
  status?: string;
}

/** One event of a run; the stream's schema has no name of its own in the description. */
export interface RunEvent {
  id: string;
  event: "begin" | "found" | "current" | "state" | "run";
  run_id: string;
  status: string;
  at: string;
  state_id?: string;
  identifier?: string;
  attempt?: number;
  total_count?: number;
}
