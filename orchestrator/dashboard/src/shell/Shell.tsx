/** What stands around every page: where one is, which namespace, who one is. */

import { useQuery } from "@tanstack/react-query";
import { Suspense, useEffect, useState } from "react";
import { NavLink, Outlet, useNavigate } from "react-router";
import { Spinner } from "../kit/Spinner";
import { FeedProvider } from "../live/FeedContext";
import { storeNamespace } from "../session/keyStore";
import { useMay, useSession } from "../session/SessionContext";
import { adminAt, graphsAt, nodesAt, overviewAt, runsAt } from "./addresses";
import { Mark } from "./Mark";
import { nextTheme, storedTheme } from "./theme";
import { useNamespace } from "./useNamespace";

export function Shell() {
  const namespace = useNamespace();
  const { me, signOut } = useSession();
  const mayAdminister = useMay("administer");
  const [theme, setTheme] = useState(storedTheme);
  useEffect(() => storeNamespace(namespace), [namespace]);
  return (
    <div className="shell">
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header className="bar">
        <NavLink to={overviewAt(namespace)} className="brand">
          <Mark /> Exosphere
        </NavLink>
        <NamespaceSwitch namespace={namespace} />
        <nav aria-label="Pages">
          <NavLink to={overviewAt(namespace)} end>
            Overview
          </NavLink>
          <NavLink to={runsAt(namespace)}>Runs</NavLink>
          <NavLink to={graphsAt(namespace)}>Graphs</NavLink>
          <NavLink to={nodesAt(namespace)}>Nodes</NavLink>
          {mayAdminister && <NavLink to={adminAt(namespace)}>Admin</NavLink>}
        </nav>
        <span className="spring" />
        <button
          type="button"
          className="button quiet small"
          aria-label={`Theme: ${theme}`}
          onClick={() => setTheme(nextTheme(theme))}
        >
          ◐&nbsp;{theme}
        </button>
        <span className="hint who" title={`Key ${me.key_id}`}>
          {me.role}
        </span>
        <button type="button" className="button quiet small" onClick={signOut}>
          Sign out
        </button>
      </header>
      <main id="content" tabIndex={-1}>
        <Suspense fallback={<Spinner what="Loading" />}>
          {/* Nothing of one namespace stays on the page of another. */}
          <FeedProvider key={namespace} namespace={namespace}>
            <Outlet />
          </FeedProvider>
        </Suspense>
      </main>
    </div>
  );
}

function NamespaceSwitch({ namespace }: { namespace: string }) {
  const { client } = useSession();
  const navigate = useNavigate();
  const known = useQuery({
    queryKey: ["namespaces"],
    queryFn: ({ signal }) => client.get("/v0/namespaces", { signal }),
  });
  const names = [...new Set([...(known.data?.namespaces ?? []), namespace])].sort();
  return (
    <label className="switch">
      <span className="unseen">Namespace</span>
      <select value={namespace} onChange={(event) => void navigate(runsAt(event.target.value))}>
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}
