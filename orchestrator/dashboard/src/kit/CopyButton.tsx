import { useEffect, useState } from "react";

const SHOWN_MS = 1500;

/** Puts a text onto the clipboard. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [done]);
  // Without a secure connection browsers give no clipboard.
  if (!navigator.clipboard) return null;
  return (
    <button
      type="button"
      className="button quiet small"
      aria-label={`Copy ${what}`}
      onClick={() => void navigator.clipboard.writeText(text).then(() => setDone(true))}
    >
      {done ? "Copied" : "Copy"}
    </button>
  );
}
