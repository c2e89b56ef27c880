import { Empty } from "../kit/Empty";
import { short } from "../kit/format";
import { StatusBadge } from "../kit/StatusBadge";
import { type LiveRun, SHOWN_EVENTS } from "./live";

/** What has happened while the page was open, the newest first. */
export function EventLog({
  live,
  pending,
  onChoose,
}: {
  live: LiveRun;
  pending: boolean;
  onChoose(state: string): void;
}) {
  if (live.log.length === 0) {
    return (
      <Empty title={pending ? "Nothing has happened since this page was opened" : "This run has ended"}>
        {pending
          ? "Each transition is shown here as it happens."
          : "Events are shown while a run is pending."}
      </Empty>
    );
  }
  return (
    <ol className="events" aria-label={`The last ${SHOWN_EVENTS} events`}>
      {live.log.map((event) => (
        <li key={event.id}>
          <time dateTime={event.at}>{event.at.slice(11, 23)}</time>
          <StatusBadge status={event.status} />
          {event.state_id === undefined ? (
            <strong>the run</strong>
          ) : (
            <>
              <span>{event.identifier}</span>
              <button type="button" className="link id" onClick={() => onChoose(event.state_id ?? "")}>
                {short(event.state_id)}
              </button>
            </>
          )}
        </li>
      ))}
    </ol>
  );
}
