/** Two versions as the address has them, such as "3..5"; null for anything else. */
export function pairOf(text: string): [number, number] | null {
  const [, before, after] = /^([1-9]\d{0,8})\.\.([1-9]\d{0,8})$/.exec(text) ?? [];
  return before && after ? [Number(before), Number(after)] : null;
}
