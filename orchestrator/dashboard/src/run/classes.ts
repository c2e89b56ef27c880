/** The five classes that statuses fall into, as the API counts them. */

import type { NodeProgress } from "../api/types";

export const CLASSES = ["success", "pending", "errored", "retried", "cancelled"] as const;
export type StatusClass = (typeof CLASSES)[number];
export type Counts = Readonly<Record<StatusClass, number>> & { readonly total: number };

const CLASS_OF: Readonly<Record<string, StatusClass>> = {
  CREATED: "pending",
  QUEUED: "pending",
  EXECUTED: "pending",
  PENDING: "pending",
  SUCCESS: "success",
  PRUNED: "success",
  ERRORED: "errored",
  NEXT_CREATED_ERROR: "errored",
  FAILED: "errored",
  UNREADABLE: "errored",
  RETRY_CREATED: "retried",
  CANCELLED: "cancelled",
};

/** The statuses of states in a class, as filters of the API take them. */
export const STATUSES_OF = {
  success: ["SUCCESS", "PRUNED"],
  pending: ["CREATED", "QUEUED", "EXECUTED"],
  errored: ["ERRORED", "NEXT_CREATED_ERROR"],
  retried: ["RETRY_CREATED"],
  cancelled: ["CANCELLED"],
} as const satisfies Record<StatusClass, readonly string[]>;

/** A status that this dashboard does not know counts as pending: something will come of it. */
export function classOf(status: string): StatusClass {
  return CLASS_OF[status] ?? "pending";
}

export const NOTHING: Counts = { success: 0, pending: 0, errored: 0, retried: 0, cancelled: 0, total: 0 };

export function countsOf(progress: NodeProgress): Counts {
  const { success, pending, errored, retried, cancelled = 0, total } = progress;
  return { success, pending, errored, retried, cancelled, total };
}
