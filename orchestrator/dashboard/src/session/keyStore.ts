/** Where the API key is: in this tab's session and nowhere else, gone when the tab is closed. */

const KEY = "exosphere.key";
const NAMESPACE = "exosphere.namespace";

export function storedKey(): string | null {
  return sessionStorage.getItem(KEY);
}

export function storeKey(key: string | null): void {
  if (key === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, key);
}

/** The namespace that was looked at last. */
export function storedNamespace(): string | null {
  return sessionStorage.getItem(NAMESPACE);
}

export function storeNamespace(namespace: string): void {
  sessionStorage.setItem(NAMESPACE, namespace);
}

/**
 * Take a key out of a link such as `/#key=…`.
 *
 * A fragment is sent to no server, and this takes it out of the address and the history at once.
 */
export function takeKeyFromLink(): void {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (key === null) return;
  history.replaceState(null, "", location.pathname + location.search);
  if (key) storeKey(key);
}
