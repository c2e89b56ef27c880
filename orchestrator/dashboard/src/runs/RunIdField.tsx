import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { useNavigate } from "react-router";
import { told } from "../api/errors";
import { useSession } from "../session/SessionContext";
import { runAt } from "../shell/addresses";

/** Leads to the run of an id, as it stands in a log or a message. */
export function RunIdField({ namespace }: { namespace: string }) {
  const { client } = useSession();
  const navigate = useNavigate();
  const problem = useId();
  const [id, setId] = useState("");
  const open = useMutation({
    mutationFn: (run_id: string) =>
      client.get("/v0/namespace/{namespace}/run/{run_id}", { path: { namespace, run_id } }),
    onSuccess: (run) => void navigate(runAt(namespace, run.run_id)),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (id.trim()) open.mutate(id.trim());
  };
  return (
    <form className="field run-id" onSubmit={submit}>
      <label className="field">
        <span>Id</span>
        <input
          type="search"
          value={id}
          placeholder="of a run"
          spellCheck={false}
          autoComplete="off"
          aria-invalid={open.isError}
          aria-describedby={open.isError ? problem : undefined}
          onChange={(event) => {
            setId(event.target.value);
            open.reset();
          }}
        />
      </label>
      <button type="submit" className="button" disabled={!id.trim() || open.isPending}>
        Open
      </button>
      {open.isError && (
        <span id={problem} className="problem" role="alert">
          {told(open.error)}
        </span>
      )}
    </form>
  );
}
