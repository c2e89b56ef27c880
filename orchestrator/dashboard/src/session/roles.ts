/** What a role may do, so that the rest is not offered; the state manager decides in any case. */

import type { Role } from "../api/types";

export type Duty = "read" | "steer" | "write" | "administer";

const DUTIES: Readonly<Record<Role, readonly Duty[]>> = {
  viewer: ["read"],
  operator: ["read", "steer"],
  author: ["read", "steer", "write"],
  runtime: [],
  admin: ["read", "steer", "write", "administer"],
};

export function may(role: Role, duty: Duty): boolean {
  return DUTIES[role].includes(duty);
}
