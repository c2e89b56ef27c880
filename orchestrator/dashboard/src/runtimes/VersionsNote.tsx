import type { Runtime } from "../api/types";
import { number } from "../kit/format";
import { versionsOf } from "./versions";

/** Tells when not all runtimes are on one version, as while a new one is rolled out. */
export function VersionsNote({ runtimes }: { runtimes: readonly Runtime[] }) {
  const versions = versionsOf(runtimes);
  if (versions.length < 2) return null;
  return (
    <p className="row">
      <span className="badge retried">{number(versions.length)} versions</span>
      {versions.map(({ version, count }) => (
        <span key={version} className="hint version">
          {number(count)} on {version}
        </span>
      ))}
    </p>
  );
}
