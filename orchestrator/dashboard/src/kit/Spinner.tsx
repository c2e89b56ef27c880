/** Something is on its way. */
export function Spinner({ what }: { what: string }) {
  return (
    <p className="spinner" role="status">
      <span className="dot" aria-hidden="true" /> {what}…
    </p>
  );
}
