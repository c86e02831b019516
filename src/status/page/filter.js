import { byId, element } from "./dom.js";

/** @import { Status } from "../status.ts" */

const TYPING_MS = 250;

const form = /** @type {HTMLFormElement} */ (byId("filter"));

/** What the filter asks for, as a query; it stands in the address too, so that it can be passed on. */
export function question() {
  const fields = [...new FormData(form)].map(([name, value]) => [name, String(value).trim()]);
  return new URLSearchParams(fields.filter(([, value]) => value !== "")).toString();
}

/** The syncs are known once the first status is. @param {Status["syncs"]} syncs */
export function offerSyncs(syncs) {
  const select = /** @type {HTMLSelectElement} */ (form.elements.namedItem("sync"));
  if (select.options.length > 1 || syncs.length === 0) return;
  select.append(...syncs.map(({ name }) => element("option", { value: name }, name)));
  const asked = syncs.find(({ name }) => name === new URLSearchParams(location.search).get("sync"));
  if (asked === undefined) return;
  select.value = asked.name;
  form.requestSubmit();
}

/** Begins with what the address asks for. @param {() => void} onChange */
export function watchFilter(onChange) {
  for (const [name, value] of new URLSearchParams(location.search)) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement) field.value = value;
  }
  const changed = () => {
    const query = question();
    history.replaceState(null, "", query === "" ? location.pathname : `?${query}${location.hash}`);
    onChange();
  };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  form.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(changed, TYPING_MS);
  });
  // Its fields are empty after the event only.
  form.addEventListener("reset", () => setTimeout(changed));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    changed();
  });
}
