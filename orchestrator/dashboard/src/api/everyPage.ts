interface Page<T> {
  items: readonly T[];
  next: string | null;
}

/** Read a list to its end, or to so many pages: of more nobody would look at the rest. */
export async function everyPage<T>(
  read: (cursor: string | undefined) => Promise<Page<T>>,
  most: number,
): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < most; pages += 1) {
    const page = await read(cursor);
    found.push(...page.items);
    if (page.next === null) break;
    cursor = page.next;
  }
  return found;
}
