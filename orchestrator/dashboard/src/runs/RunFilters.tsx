import { useQuery } from "@tanstack/react-query";
import { useSession } from "../session/SessionContext";
import { RUN_STATUSES, SPANS } from "./filter";

/** The fields above the list of runs. What is chosen is in the address, so that it can be sent to somebody. */
export function RunFilters({
  namespace,
  search,
  onChange,
}: {
  namespace: string;
  search: URLSearchParams;
  onChange(name: string, value: string): void;
}) {
  const { client } = useSession();
  const graphs = useQuery({
    queryKey: ["graphs", namespace],
    queryFn: ({ signal }) => client.get("/v0/namespace/{namespace}/graphs/", { path: { namespace }, signal }),
  });
  const chosen = search.get("graph") ?? "";
  const names = new Set(graphs.data?.templates.map((graph) => graph.name) ?? []);
  if (chosen) names.add(chosen);
  return (
    <search className="row filters">
      <Choice
        label="Graph"
        value={chosen}
        options={[...names].sort().map((name) => [name, name])}
        onChange={(value) => onChange("graph", value)}
      />
      <Choice
        label="Status"
        value={search.get("status") ?? ""}
        options={RUN_STATUSES.map((status) => [status, status.toLowerCase()])}
        onChange={(value) => onChange("status", value)}
      />
      <Choice
        label="Created within"
        value={search.get("within") ?? ""}
        options={Object.keys(SPANS).map((span) => [span, span])}
        onChange={(value) => onChange("within", value)}
      />
      <label className="field">
        <span>Id</span>
        <input
          type="search"
          value={search.get("id") ?? ""}
          placeholder="begins with"
          spellCheck={false}
          onChange={(event) => onChange("id", event.target.value)}
        />
      </label>
    </search>
  );
}

function Choice({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string;
  options: (readonly [string, string])[];
  onChange(value: string): void;
}) {
  return (
    <label className="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">any</option>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
