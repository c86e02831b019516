import { byId, element } from "./dom.js";
import { sentence } from "./health.js";

/** @import { Status } from "../status.ts" */
/** @typedef {{ readonly text: string } | { readonly code: string, readonly reason: string, readonly toDo: string }} Response */

/** The status port reports its own timeout after ten seconds. */
const TIMEOUT_MS = 15_000;

const INDENT = /^ */;

const form = /** @type {HTMLFormElement} */ (byId("explain-form"));
const output = byId("explanation");
/** By sync. @type {ReadonlyMap<string, string>} */
let models = new Map();
let requests = 0;

/** Fills the list with the models that have syncs. @param {Status["syncs"]} syncs */
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

/** Explains on submit, and on the button of a message. @param {HTMLElement} messages */
export function watchExplain(messages) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void explain();
  });
  messages.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button") : null;
    const { sync = "", key } = button?.dataset ?? {};
    if (key === undefined) return;
    field("model", HTMLSelectElement).value = models.get(sync) ?? "";
    field("key", HTMLInputElement).value = key;
    field("line", HTMLTextAreaElement).value = "";
    // Keyboard users continue from the heading.
    byId("explain-title").focus();
    // The page may be tall enough to scroll only with the explanation.
    void explain().then(() => byId("explain").scrollIntoView());
  });
}

async function explain() {
  requests += 1;
  const request = requests;
  delete output.dataset.tone;
  output.replaceChildren(element("p", {}, "Loading …"));
  const response = await requestExplanation();
  // A later request has replaced this one.
  if (request === requests) show(response);
}

/** @returns {Promise<Response>} */
async function requestExplanation() {
  const line = field("line", HTMLTextAreaElement).value.trim();
  const key = field("key", HTMLInputElement).value.trim();
  const query = new URLSearchParams({
    model: field("model", HTMLSelectElement).value,
    ...(key === "" ? {} : { key }),
    values: String(field("values", HTMLInputElement).checked),
  });
  const post = line === "" ? {} : { method: "POST", body: line };
  try {
    const response = await fetch(`explain?${query}`, {
      ...post,
      headers: { accept: "text/plain", ...(line === "" ? {} : { "content-type": "text/plain" }) },
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return response.ok ? { text: await response.text() } : await response.json();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      code: "NO_RESPONSE",
      reason: `the status port does not respond (${reason})`,
      toDo: "repeat the request when the process is running",
    };
  }
}

/** @param {Response} response */
function show(response) {
  if ("text" in response) {
    const lines = response.text.trimEnd().split("\n");
    output.replaceChildren(element("pre", {}, ...lines.map(hangingLine)));
    return;
  }
  output.dataset.tone = "bad";
  output.replaceChildren(
    element("p", { class: "headline" }, `Not explained: ${response.code}`),
    element("p", {}, sentence(response.reason)),
    element("p", {}, `What to do: ${response.toDo}.`),
  );
}

/** A line that wraps is indented a little further than its start. @param {string} line */
function hangingLine(line) {
  const created = element("span", { class: "line" }, `${line}\n`);
  const [indent = ""] = INDENT.exec(line) ?? [];
  created.style.setProperty("--hang", `${indent.length + 2}ch`);
  return created;
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
