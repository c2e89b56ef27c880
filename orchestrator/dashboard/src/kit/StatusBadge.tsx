import { classOf } from "../run/classes";

const WORDS: Readonly<Record<string, string>> = {
  PENDING: "pending",
  CREATED: "waiting",
  QUEUED: "running",
  EXECUTED: "executed",
  SUCCESS: "success",
  PRUNED: "pruned",
  FAILED: "failed",
  ERRORED: "errored",
  NEXT_CREATED_ERROR: "next failed",
  RETRY_CREATED: "retried",
  CANCELLED: "cancelled",
};

/** The status of a run or state, as a word and a colour. */
export function StatusBadge({ status }: { status: string }) {
  return (
    <span className={`badge ${classOf(status)}`} title={status}>
      {WORDS[status] ?? status}
    </span>
  );
}
