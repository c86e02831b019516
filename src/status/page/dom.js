/** Elements are made of text and elements, never of markup: text of a record cannot become HTML. */

/**
 * @param {string} name
 * @param {{ readonly [attribute: string]: string | number }} attributes
 * @param {...(string | Node)} children
 * @returns {HTMLElement}
 */
export function element(name, attributes, ...children) {
  const created = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, String(value));
  created.append(...children);
  return created;
}

/**
 * @param {string} name
 * @param {{ readonly [attribute: string]: string | number }} attributes
 * @param {...(string | Node)} children
 * @returns {SVGElement}
 */
export function svgElement(name, attributes, ...children) {
  const created = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, String(value));
  created.append(...children);
  return created;
}

/** @param {string} id */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/** Does nothing if the text is the same: screen readers announce every change. @param {Element} target @param {string} text */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** A region that scrolls, also by keyboard. @param {string} label @param {Node} content */
export function scrollRegion(label, content) {
  return element(
    "div",
    { class: "scroll", role: "region", tabindex: 0, "aria-label": label },
    content,
  );
}
