import { Empty } from "../kit/Empty";

/** Teaches how a runtime comes to be. */
export function NoRuntimes() {
  return (
    <Empty title="No runtime is there">
      <p>Nothing is executed without one. Start one where your nodes are:</p>
      <pre>exosphere worker my_nodes:runtime</pre>
    </Empty>
  );
}
