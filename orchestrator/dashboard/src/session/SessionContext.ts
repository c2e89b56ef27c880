import { createContext, useContext } from "react";
import type { ApiClient } from "../api/client";
import type { WhoAmI } from "../api/types";
import { type Duty, may } from "./roles";

/** Somebody who is signed in. */
export interface Session {
  client: ApiClient;
  me: WhoAmI;
  signOut(): void;
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("useSession outside of SessionGate");
  return session;
}

/** Whether what the key's role may do includes a duty. */
export function useMay(duty: Duty): boolean {
  return may(useSession().me.role, duty);
}
