/** A declaration as text. Comes with the library that writes YAML: import it where that is wanted. */

import { stringify } from "yaml";
import type { Json } from "./template";

export type Format = "yaml" | "json";

export const FORMATS: readonly Format[] = ["yaml", "json"];

export function textOf(value: Json, format: Format): string {
  return format === "json" ? `${JSON.stringify(value, null, 2)}\n` : stringify(value, { lineWidth: 0 });
}
