/** Shows the dashboard to who has a good key, and asks everybody else for one, at whatever address. */

import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useCallback, useEffect, useMemo, useState } from "react";
import { ApiClient } from "../api/client";
import { ApiError, told } from "../api/errors";
import type { WhoAmI } from "../api/types";
import { Spinner } from "../kit/Spinner";
import { storedKey, storeKey } from "./keyStore";
import { may } from "./roles";
import { type Session, SessionContext } from "./SessionContext";
import { SignIn } from "./SignIn";

const NO_LONGER_GOOD = "Your API key is no longer good: it was revoked, or it has expired.";

export function SessionGate({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [key, setKey] = useState(storedKey);
  const [me, setMe] = useState<WhoAmI | null>(null);
  const [problem, setProblem] = useState("");
  const [attempt, setAttempt] = useState(0);

  const leave = useCallback(
    (why: string) => {
      storeKey(null);
      setKey(null);
      setMe(null);
      setProblem(why);
      // What one key was shown is not for the next one.
      queries.clear();
    },
    [queries],
  );

  const client = useMemo(
    () => (key === null ? null : new ApiClient(key, () => leave(NO_LONGER_GOOD))),
    [key, leave],
  );

  useEffect(() => {
    if (key === null) return;
    const given = new AbortController();
    new ApiClient(key)
      .get("/v0/whoami", { signal: given.signal })
      .then((found) => {
        if (given.signal.aborted) return;
        if (!may(found.role, "read"))
          leave(`A key with the role ${found.role} can't read; the dashboard needs viewer or more.`);
        else setMe(found);
      })
      .catch((fault: unknown) => {
        if (given.signal.aborted) return;
        if (fault instanceof ApiError && fault.status === 401) leave("This is no good API key.");
        else setProblem(told(fault));
      });
    return () => given.abort();
  }, [key, attempt, leave]);

  const tryAgain = () => {
    setProblem("");
    setAttempt((before) => before + 1);
  };

  const session = useMemo<Session | null>(
    () => (client && me ? { client, me, signOut: () => leave("") } : null),
    [client, me, leave],
  );

  if (key === null) {
    return (
      <SignIn
        problem={problem}
        onKey={(given) => {
          storeKey(given);
          setProblem("");
          setKey(given);
        }}
      />
    );
  }
  if (session === null) {
    return (
      <main className="alone">
        {problem ? (
          <div className="notice bad" role="alert">
            <p>{problem}.</p>
            <div className="row">
              <button type="button" className="button" onClick={tryAgain}>
                Try again
              </button>
              <button type="button" className="button quiet" onClick={() => leave("")}>
                Use another key
              </button>
            </div>
          </div>
        ) : (
          <Spinner what="Signing in" />
        )}
      </main>
    );
  }
  return <SessionContext.Provider value={session}>{children}</SessionContext.Provider>;
}
