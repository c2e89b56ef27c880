import { fieldsOf } from "./schema";

/** The fields of a node's inputs or outputs. */
export function SchemaTable({ title, schema }: { title: string; schema: unknown }) {
  const fields = fieldsOf(schema);
  if (fields.length === 0) {
    return (
      <section>
        <h3>{title}</h3>
        <span className="hint">none</span>
      </section>
    );
  }
  return (
    <section>
      <h3>{title}</h3>
      <dl className="schema">
        {fields.map((field) => (
          <div key={field.name}>
            <dt>
              <code>{field.name}</code>
              {field.fallback !== null ? (
                <span className="hint">
                  default <code>{field.fallback || '""'}</code>
                </span>
              ) : (
                field.required && <span className="hint">required</span>
              )}
            </dt>
            {field.description && <dd className="hint">{field.description}</dd>}
          </div>
        ))}
      </dl>
    </section>
  );
}
