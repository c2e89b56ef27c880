import { type FormEvent, useEffect, useRef, useState } from "react";
import { Mark } from "../shell/Mark";

/** Asks for an API key. */
export function SignIn({ problem, onKey }: { problem: string; onKey(key: string): void }) {
  const [key, setKey] = useState("");
  const field = useRef<HTMLInputElement>(null);
  // There is nothing else to do on this page.
  useEffect(() => field.current?.focus(), []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // Blanks come along when a key is copied from a terminal.
    if (key.trim()) onKey(key.trim());
  };
  return (
    <main className="alone">
      <form className="card sign-in" onSubmit={submit}>
        <h1>
          <Mark /> Exosphere
        </h1>
        <label htmlFor="key">API key</label>
        <input
          id="key"
          type="password"
          autoComplete="off"
          spellCheck={false}
          ref={field}
          value={key}
          onChange={(event) => setKey(event.target.value)}
          aria-describedby="key-hint"
          aria-invalid={problem !== ""}
        />
        {problem && (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" className="button primary" disabled={!key.trim()}>
          Sign in
        </button>
        <p id="key-hint" className="hint">
          The key stays in this tab and is forgotten when you close it. <code>exosphere dev</code> prints one;{" "}
          <code>exosphere key create --role viewer</code> makes one.
        </p>
      </form>
    </main>
  );
}
