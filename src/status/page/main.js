import { byId } from "./dom.js";
import { watchExplain } from "./explain.js";
import { question, watchFilter } from "./filter.js";
import { drawFlow, show, showLost } from "./view.js";

/** @import { DeadLettersStatus, MessagesStatus, Status } from "../status.ts" */

const EVERY_MS = 2_000;
const WITHIN_MS = 10_000;

/** Enough room for the picture from left to right. */
const WIDE = matchMedia("(min-width: 62rem)");

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let asked = 0;

/** Asks for everything, shows it, and does so again, as long as somebody can see it. */
async function refresh() {
  clearTimeout(timer);
  asked += 1;
  const mine = asked;
  try {
    const query = question();
    const [status, { messages }, { deadLetters: letters }] = await Promise.all([
      /** @type {Promise<Status>} */ (ask("status")),
      /** @type {Promise<MessagesStatus>} */ (ask(`status/messages?${query}`)),
      /** @type {Promise<DeadLettersStatus>} */ (ask("status/dead-letters")),
    ]);
    // Another filter was set meanwhile: its answer is the one to show.
    if (mine !== asked) return;
    show({ status, messages, isFiltered: query !== "", letters });
    showLost(null);
  } catch (error) {
    if (mine !== asked) return;
    showLost(error instanceof Error ? error.message : String(error));
  }
  if (mine === asked && !document.hidden) timer = setTimeout(refresh, EVERY_MS);
}

/** @param {string} path */
async function ask(path) {
  const signal = AbortSignal.timeout(WITHIN_MS);
  const response = await fetch(path, { cache: "no-store", signal });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${answer.reason}; ${answer.toDo}`);
  return answer;
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
