/** Settings of the state manager, as they are searched and told. */

import type { Setting } from "../api/types";
import { bytes, duration } from "../kit/format";

/** Whether somebody has set it to something else than its default. */
export function isSet(setting: Setting): boolean {
  return setting.value !== null && setting.value !== setting.default;
}

/** What a number stands for, where its unit makes it hard to read; empty else. */
export function inWords(setting: Setting): string {
  const count = Number(setting.value ?? "");
  if (setting.value === "" || !Number.isFinite(count) || count === 0) return "";
  if (setting.name.endsWith("_MS")) return duration(count);
  if (setting.name.endsWith("_BYTES")) return bytes(count);
  return "";
}

/** Those whose name, value or meaning has a text in it. */
export function matching(settings: readonly Setting[], text: string): Setting[] {
  const wanted = text.trim().toLowerCase();
  return settings.filter((setting) =>
    [setting.name, setting.value ?? "", setting.description].some((one) =>
      one.toLowerCase().includes(wanted),
    ),
  );
}
