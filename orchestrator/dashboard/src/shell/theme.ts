/** Light or dark: as the system has it, until somebody chooses. */

export type Theme = "system" | "light" | "dark";

const THEME = "exosphere.theme";
const NEXT: Readonly<Record<Theme, Theme>> = { system: "light", light: "dark", dark: "system" };

export function storedTheme(): Theme {
  const found = localStorage.getItem(THEME);
  return found === "light" || found === "dark" ? found : "system";
}

export function applyTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Go on to the next one and keep it. */
export function nextTheme(theme: Theme): Theme {
  const next = NEXT[theme];
  localStorage.setItem(THEME, next);
  applyTheme(next);
  return next;
}
