import { byId } from "./dom.js";
import { watchExplain } from "./explain.js";
import { filterQuery, watchFilter } from "./filter.js";
import { drawFlow, show, showDisconnected } from "./view.js";

/** @import { DeadLettersStatus, MessagesStatus, Status } from "../status.ts" */

const INTERVAL_MS = 2_000;
const TIMEOUT_MS = 10_000;

/** Wide enough for the diagram from left to right. */
const WIDE = matchMedia("(min-width: 62rem)");

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let refreshes = 0;

/** Requests and shows everything, and repeats that while the page is visible. */
async function refresh() {
  clearTimeout(timer);
  refreshes += 1;
  const current = refreshes;
  try {
    const query = filterQuery();
    const [status, { messages }, { deadLetters }] = await Promise.all([
      /** @type {Promise<Status>} */ (request("status")),
      /** @type {Promise<MessagesStatus>} */ (request(`status/messages?${query}`)),
      /** @type {Promise<DeadLettersStatus>} */ (request("status/dead-letters")),
    ]);
    // A later refresh, with another filter, has replaced this one.
    if (current !== refreshes) return;
    show({ status, messages, isFiltered: query !== "", deadLetters });
    showDisconnected(null);
  } catch (error) {
    if (current !== refreshes) return;
    showDisconnected(error instanceof Error ? error.message : String(error));
  }
  if (current === refreshes && !document.hidden) timer = setTimeout(refresh, INTERVAL_MS);
}

/** @param {string} path */
async function request(path) {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(path, { cache: "no-store", signal });
  const json = await response.json();
  if (!response.ok) throw new Error(`${json.reason}; ${json.toDo}`);
  return json;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else void refresh();
});
WIDE.addEventListener("change", ({ matches }) => drawFlow(matches));
drawFlow(WIDE.matches);
watchFilter(() => void refresh());
watchExplain(byId("messages-table"));
void refresh();
