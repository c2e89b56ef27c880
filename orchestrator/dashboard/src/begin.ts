/** What a browser runs first. It is small, so that the calls on which all else waits are under way while the rest of the
 * script is still read. */

import { askAhead } from "./api/ahead";
import { storedKey, takeKeyFromLink } from "./session/keyStore";
import { loaded } from "./shell/loaded";
import { applyTheme, storedTheme } from "./shell/theme";

applyTheme(storedTheme());
takeKeyFromLink();
const key = storedKey();
if (key !== null) askAhead(key, ["/v0/whoami", "/v0/namespaces"]);
void loaded(() => import("./main")).then(({ show }) => show());
