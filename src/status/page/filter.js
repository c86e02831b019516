import { byId, element } from "./dom.js";

/** @import { Status } from "../status.ts" */

/** A request is sent when typing pauses for this long. */
const TYPING_MS = 250;

const form = /** @type {HTMLFormElement} */ (byId("filter"));

/** The filter as a query string; the address of the page has it too, so that it can be shared. */
export function filterQuery() {
  const fields = [...new FormData(form)].map(([name, value]) => [name, String(value).trim()]);
  return new URLSearchParams(fields.filter(([, value]) => value !== "")).toString();
}

/** The first status has the syncs. @param {Status["syncs"]} syncs */
export function offerSyncs(syncs) {
  const select = /** @type {HTMLSelectElement} */ (form.elements.namedItem("sync"));
  if (select.options.length > 1 || syncs.length === 0) return;
  select.append(...syncs.map(({ name }) => element("option", { value: name }, name)));
  const wanted = new URLSearchParams(location.search).get("sync");
  const selected = syncs.find(({ name }) => name === wanted);
  if (selected === undefined) return;
  select.value = selected.name;
  form.requestSubmit();
}

/** Starts with the filter of the page's address. @param {() => void} onChange */
export function watchFilter(onChange) {
  for (const [name, value] of new URLSearchParams(location.search)) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement) field.value = value;
  }
  const changed = () => {
    const query = filterQuery();
    history.replaceState(null, "", query === "" ? location.pathname : `?${query}${location.hash}`);
    onChange();
  };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  form.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(changed, TYPING_MS);
  });
  // The fields are empty only after the event.
  form.addEventListener("reset", () => setTimeout(changed));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    changed();
  });
}
