import { Empty } from "../kit/Empty";
import { useSession } from "../session/SessionContext";

/** Stands where somebody may look but not write. */
export function ReadOnly() {
  const { me } = useSession();
  return (
    <Empty title="Your key can't change graphs">
      <p>It has the role {me.role}; changing a graph needs author or admin.</p>
    </Empty>
  );
}
