/** The fields of a node's inputs or outputs, as their JSON schema names them. */

export interface SchemaField {
  name: string;
  required: boolean;
  /** What holds when nothing is given; null where there is none. */
  fallback: string | null;
  description: string;
}

/** A schema comes from outside: whatever does not look like one has no fields. */
export function fieldsOf(schema: unknown): SchemaField[] {
  const properties = record(record(schema).properties);
  const listed: unknown = record(schema).required;
  const required: readonly unknown[] = Array.isArray(listed) ? listed : [];
  return Object.entries(properties).map(([name, field]) => {
    const { default: fallback, description } = record(field);
    return {
      name,
      required: required.includes(name),
      fallback: fallback === undefined ? null : String(fallback),
      description: typeof description === "string" ? description : "",
    };
  });
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
