/** The one line of an error text that says most: its last for a Python traceback, else its first. */
export function headline(error: string | null | undefined): string {
  const lines = (error ?? "")
    .trim()
    .split("\n")
    .filter((line) => line.trim());
  const line = lines[0]?.startsWith("Traceback ") ? lines.at(-1) : lines[0];
  return line?.trim() ?? "";
}
