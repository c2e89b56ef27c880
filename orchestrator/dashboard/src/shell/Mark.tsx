/** The planet of the product. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <circle cx="16" cy="16" r="8" className="planet" />
      <ellipse cx="16" cy="16" rx="15" ry="6" className="orbit" transform="rotate(-25 16 16)" />
    </svg>
  );
}
