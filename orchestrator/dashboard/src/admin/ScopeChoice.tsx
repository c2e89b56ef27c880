import { ALL } from "./scope";

/** Whether one looks at what concerns this namespace, or at what concerns no single one. */
export function ScopeChoice({
  label,
  namespace,
  scope,
  onChange,
}: {
  label: string;
  namespace: string;
  scope: string;
  onChange(scope: string): void;
}) {
  return (
    <label className="field">
      <span>{label}</span>
      <select value={scope} onChange={(event) => onChange(event.target.value)}>
        <option value={namespace}>namespace {namespace}</option>
        <option value={ALL}>all namespaces</option>
      </select>
    </label>
  );
}
