/** Settings of the state manager, as they are searched and told. */

import type { Setting } from "../api/types";

/** Whether somebody has set it to something else than its default. */
export function isSet(setting: Setting): boolean {
  return setting.value !== null && setting.value !== setting.default;
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
