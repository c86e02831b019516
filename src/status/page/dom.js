/** Elements are made of texts and elements, never of markup: what a row or a record says is only ever a text. */

/**
 * @param {string} name
 * @param {{ readonly [attribute: string]: string | number }} attributes
 * @param {...(string | Node)} children
 * @returns {HTMLElement}
 */
export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/**
 * @param {string} name
 * @param {{ readonly [attribute: string]: string | number }} attributes
 * @param {...(string | Node)} children
 * @returns {SVGElement}
 */
export function drawn(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/** @param {string} id */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/** Leaves what is the same alone: who reads along with a screen reader hears changes only. @param {Element} at @param {string} text */
export function say(at, text) {
  if (at.textContent !== text) at.textContent = text;
}

/** What scrolls in itself, also by keyboard. @param {string} label @param {Node} content */
export function frame(label, content) {
  return element(
    "div",
    { class: "frame", role: "region", tabindex: 0, "aria-label": label },
    content,
  );
}
