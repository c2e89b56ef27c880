import { duration, number, short } from "../kit/format";
import { StatusBadge } from "../kit/StatusBadge";
import { attemptsOf, type Chain } from "./chains";
import { isOver, spentOn } from "./segments";
import { clock } from "./words";

/** More rows than this are nobody's reading; the list of states has them all. */
const MOST = 500;

/** The timeline as a table, for who reads rather than looks. */
export function TimelineTable({
  chains,
  now,
  onChoose,
}: {
  chains: readonly Chain[];
  now: number;
  onChoose(state: string): void;
}) {
  const attempts = chains.flatMap((chain) =>
    attemptsOf(chain, now).map((attempt, index) => ({ ...attempt, index, tries: chain.states.length })),
  );
  const shown = attempts.slice(0, MOST);
  return (
    <div className="scroll timeline-table">
      <table className="table">
        <caption className="hint">
          Times of each state, in UTC
          {attempts.length > MOST &&
            `: the first ${number(MOST)} of ${number(attempts.length)} that were read`}
        </caption>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">State</th>
            <th scope="col">Status</th>
            <th scope="col">Try</th>
            <th scope="col">Created</th>
            <th scope="col">Ended</th>
            <th scope="col" className="right">
              Delayed
            </th>
            <th scope="col" className="right">
              Waited
            </th>
            <th scope="col" className="right">
              Ran
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ state, segments, index, tries }) => {
            const spent = spentOn(segments);
            return (
              <tr key={state.id}>
                <th scope="row">{state.identifier}</th>
                <td>
                  <button
                    type="button"
                    className="link id"
                    title={state.id}
                    onClick={() => onChoose(state.id)}
                  >
                    {short(state.id)}
                  </button>
                </td>
                <td>
                  <StatusBadge status={state.status} />
                </td>
                <td>{tries > 1 ? `${index + 1} of ${tries}` : ""}</td>
                <td>{clock(Date.parse(state.created_at))}</td>
                <td>{isOver(state) ? clock(Date.parse(state.updated_at)) : ""}</td>
                <td className="right">{spent.delay > 0 ? duration(spent.delay) : ""}</td>
                <td className="right">{spent.waiting > 0 ? duration(spent.waiting) : ""}</td>
                <td className="right">
                  {state.ran_ms != null && duration(state.ran_ms)}
                  {spent.untold > 0 && `at most ${duration(spent.untold)}`}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
