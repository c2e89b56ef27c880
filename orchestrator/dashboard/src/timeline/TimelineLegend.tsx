/** What the bars of the timeline mean. */
export function TimelineLegend() {
  return (
    <ul className="timeline-legend hint" aria-label="What the bars mean">
      <li>
        <span className="piece waiting" /> waiting
      </li>
      <li>
        <span className="piece delay" /> delayed until its retry
      </li>
      <li>
        <span className="piece running success" /> ran
      </li>
      <li>
        <span className="piece running errored" /> failed
      </li>
      <li>
        <span className="piece running retried" /> failed, retried
      </li>
      <li>
        <span className="piece untold pending" /> ran at some time in it
      </li>
    </ul>
  );
}
