import { useParams } from "react-router";

/** The namespace that the address names. */
export function useNamespace(): string {
  const { namespace } = useParams();
  if (namespace === undefined) throw new Error("useNamespace outside of /ns/:namespace");
  return namespace;
}
