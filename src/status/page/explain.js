import { byId, element } from "./dom.js";
import { sentence } from "./health.js";

/** @import { Status } from "../status.ts" */
/** @typedef {{ readonly text: string } | { readonly code: string, readonly reason: string, readonly toDo: string }} Answer */

/** The port itself gives up after ten seconds, and says why. */
const WITHIN_MS = 15_000;

const INDENT = /^ */;

const form = /** @type {HTMLFormElement} */ (byId("question"));
const answer = byId("answer");
/** By sync. @type {ReadonlyMap<string, string>} */
let models = new Map();
let asked = 0;

/** Those that have syncs, as the status names them. @param {Status["syncs"]} syncs */
export function offerModels(syncs) {
  models = new Map(syncs.map(({ name, model }) => [name, model]));
  const select = field("model", HTMLSelectElement);
  const names = [...new Set(models.values())];
  if (JSON.stringify([...select.options].map(({ value }) => value)) === JSON.stringify(names))
    return;
  const { value } = select;
  select.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
  if (names.includes(value)) select.value = value;
}

/** The form asks, and so does the button beside each message. @param {HTMLElement} messages */
export function watchExplain(messages) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void ask();
  });
  messages.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button") : null;
    const { sync = "", key } = button?.dataset ?? {};
    if (key === undefined) return;
    field("model", HTMLSelectElement).value = models.get(sync) ?? "";
    field("key", HTMLInputElement).value = key;
    field("line", HTMLTextAreaElement).value = "";
    // Whoever asked by keyboard goes on from there.
    byId("explain-title").focus();
    // There may be room enough only once the answer stands there.
    void ask().then(() => byId("explain").scrollIntoView());
  });
}

async function ask() {
  asked += 1;
  const mine = asked;
  delete answer.dataset.tone;
  answer.replaceChildren(element("p", {}, "Asking …"));
  const found = await answered();
  // Another question was asked meanwhile: its answer is the one to show.
  if (mine === asked) show(found);
}

/** @returns {Promise<Answer>} */
async function answered() {
  const line = field("line", HTMLTextAreaElement).value.trim();
  const key = field("key", HTMLInputElement).value.trim();
  const query = new URLSearchParams({
    model: field("model", HTMLSelectElement).value,
    ...(key === "" ? {} : { key }),
    values: String(field("values", HTMLInputElement).checked),
  });
  const sent = line === "" ? {} : { method: "POST", body: line };
  try {
    const response = await fetch(`explain?${query}`, {
      ...sent,
      headers: { accept: "text/plain", ...(line === "" ? {} : { "content-type": "text/plain" }) },
      cache: "no-store",
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    return response.ok ? { text: await response.text() } : await response.json();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      code: "NO_ANSWER",
      reason: `the status port does not answer (${reason})`,
      toDo: "ask again once the process runs and can be reached",
    };
  }
}

/** @param {Answer} found */
function show(found) {
  if ("text" in found) {
    const lines = found.text.trimEnd().split("\n");
    answer.replaceChildren(element("pre", {}, ...lines.map(hanging)));
    return;
  }
  answer.dataset.tone = "bad";
  answer.replaceChildren(
    element("p", { class: "verdict" }, `Not explained: ${found.code}`),
    element("p", {}, sentence(found.reason)),
    element("p", {}, `What to do: ${found.toDo}.`),
  );
}

/** A line that goes on, where there is no room, a little to the right of where it began. @param {string} line */
function hanging(line) {
  const made = element("span", { class: "line" }, `${line}\n`);
  const [indent = ""] = INDENT.exec(line) ?? [];
  made.style.setProperty("--hang", `${indent.length + 2}ch`);
  return made;
}

/**
 * @template {Element} Kind
 * @param {string} name
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
function field(name, kind) {
  const found = form.elements.namedItem(name);
  if (!(found instanceof kind)) throw new Error(`the form has no ${name}`);
  return found;
}
