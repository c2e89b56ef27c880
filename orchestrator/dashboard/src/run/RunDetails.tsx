/** Below the picture: states, timeline, events, store. */

import * as Ariakit from "@ariakit/react";
import type { Run, Status } from "../api/types";
import { Empty } from "../kit/Empty";
import { Values } from "../kit/Values";
import { Timeline } from "../timeline/Timeline";
import { CLASSES, type Counts, STATUSES_OF, type StatusClass } from "./classes";
import { EventLog } from "./EventLog";
import type { LiveRun } from "./live";
import type { StateFilter } from "./rows";
import { StateList } from "./StateList";

interface Details {
  namespace: string;
  run: Run;
  live: LiveRun;
  countsOf(identifier: string): Counts;
  filter: StateFilter;
  tab: string;
  chosen: string;
  onChange(changes: Record<string, string | readonly string[]>): void;
}

export function RunDetails({ namespace, run, live, countsOf, filter, tab, chosen, onChange }: Details) {
  const store = Object.keys(run.store).length;
  return (
    <Ariakit.TabProvider
      selectedId={tab}
      setSelectedId={(id) => onChange({ tab: id && id !== "states" ? id : "" })}
    >
      <Ariakit.TabList className="tabs" aria-label="Details of the run">
        <Ariakit.Tab id="states">States</Ariakit.Tab>
        <Ariakit.Tab id="timeline">Timeline</Ariakit.Tab>
        <Ariakit.Tab id="events">Events</Ariakit.Tab>
        <Ariakit.Tab id="store">Store{store > 0 && ` (${store})`}</Ariakit.Tab>
      </Ariakit.TabList>
      <Ariakit.TabPanel tabId="states">
        <Filters run={run} filter={filter} onChange={onChange} />
        <StateList
          namespace={namespace}
          run={run}
          live={live}
          filter={filter}
          chosen={chosen}
          onChoose={(state) => onChange({ state })}
        />
      </Ariakit.TabPanel>
      <Ariakit.TabPanel tabId="timeline">
        {tab === "timeline" && (
          <>
            <div className="row filters">
              <NodeFilter run={run} filter={filter} onChange={onChange} />
            </div>
            <Timeline
              namespace={namespace}
              run={run}
              version={live.version}
              countsOf={countsOf}
              identifier={filter.identifier}
              chosen={chosen}
              onChoose={(state) => onChange({ state })}
              onNode={(node) => onChange({ node })}
            />
          </>
        )}
      </Ariakit.TabPanel>
      <Ariakit.TabPanel tabId="events">
        {/* Each event changes it: what nobody sees is not drawn. */}
        {tab === "events" && (
          <EventLog
            live={live}
            pending={run.status === "PENDING"}
            onChoose={(state) => onChange({ state })}
          />
        )}
      </Ariakit.TabPanel>
      <Ariakit.TabPanel tabId="store">
        {store > 0 ? (
          <Values values={run.store} what="the store" />
        ) : (
          <Empty title="The store of this run is empty" />
        )}
      </Ariakit.TabPanel>
    </Ariakit.TabProvider>
  );
}

type Filtered = Pick<Details, "run" | "filter" | "onChange">;

function NodeFilter({ run, filter, onChange }: Filtered) {
  const names = new Set(run.nodes.map((node) => node.identifier));
  if (filter.identifier) names.add(filter.identifier);
  return (
    <label className="field">
      <span>Node</span>
      <select value={filter.identifier} onChange={(event) => onChange({ node: event.target.value })}>
        <option value="">any</option>
        {[...names].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

function Filters({ run, filter, onChange }: Filtered) {
  const chosen = CLASSES.find((one) => same(STATUSES_OF[one], filter.statuses)) ?? "";
  return (
    <div className="row filters">
      <NodeFilter run={run} filter={filter} onChange={onChange} />
      <label className="field">
        <span>Status</span>
        <select
          value={chosen}
          onChange={(event) => {
            const one = event.target.value as StatusClass | "";
            onChange({ status: one ? STATUSES_OF[one] : "" });
          }}
        >
          <option value="">any</option>
          {CLASSES.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
    </div>
  );
}

function same(one: readonly Status[], other: readonly Status[]): boolean {
  return one.length === other.length && one.every((status) => other.includes(status));
}
