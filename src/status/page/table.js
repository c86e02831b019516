import { element, scrollRegion, setText } from "./dom.js";

/**
 * A cell: a text, optionally with a detail below it, a bar (a share of 1 with its text) and a button (its text, its label
 * for screen readers, and its data attributes). `time` is ISO 8601.
 * @typedef {{
 *   readonly text: string,
 *   readonly detail?: string,
 *   readonly time?: string,
 *   readonly tone?: "ok" | "warn" | "bad",
 *   readonly bar?: { readonly text: string, readonly share: number },
 *   readonly button?: { readonly text: string, readonly label: string, readonly data: { readonly [name: string]: string } },
 * }} Cell
 */

/**
 * @template Item
 * @typedef {{
 *   readonly name: string,
 *   readonly kind?: "head" | "number" | "code" | "long",
 *   readonly of: (item: Item, now: string) => Cell | string,
 * }} Column
 */

/**
 * A table that replaces only changed cells, so that an update keeps the selection and the reading position.
 * @template Item
 */
export class Table {
  #columns;
  #keyOf;
  #empty;
  #region;
  #body = element("tbody", { role: "rowgroup" });
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();
  /** The content of each cell as JSON. @type {WeakMap<Element, string>} */
  #shown = new WeakMap();

  /**
   * @param {HTMLElement} parent
   * @param {{
   *   readonly label: string,
   *   readonly columns: readonly Column<Item>[],
   *   readonly keyOf: (item: Item) => string,
   * }} options
   */
  constructor(parent, { label, columns, keyOf }) {
    this.#columns = columns;
    this.#keyOf = keyOf;
    this.#empty = element("p", { class: "empty" });
    const heads = columns.map(({ name, kind = "" }) =>
      element("th", { scope: "col", role: "columnheader", class: kind }, name),
    );
    // On a phone the cells are stacked, and the browser no longer treats it as a table: the roles keep it one.
    const table = element(
      "table",
      { role: "table", "aria-label": label },
      element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads)),
      this.#body,
    );
    this.#region = scrollRegion(label, table);
    parent.append(this.#empty, this.#region);
  }

  /** @param {readonly Item[]} items @param {string} now ISO 8601 @param {string} emptyText shown instead of an empty table */
  show(items, now, emptyText) {
    setText(this.#empty, items.length === 0 ? emptyText : "");
    this.#region.hidden = items.length === 0;
    const before = this.#rows;
    this.#rows = new Map();
    for (const item of items) {
      const key = this.#keyOf(item);
      const row = before.get(key) ?? this.#row();
      before.delete(key);
      this.#rows.set(key, row);
      this.#update(row, item, now);
    }
    for (const row of before.values()) row.remove();
    [...this.#rows.values()].forEach((row, index) => {
      const current = this.#body.children[index] ?? null;
      if (current !== row) this.#body.insertBefore(row, current);
    });
  }

  #row() {
    const cells = this.#columns.map(({ name, kind = "" }) =>
      kind === "head"
        ? element("th", { scope: "row", role: "rowheader", class: kind, "data-name": name })
        : element("td", { role: "cell", class: kind, "data-name": name }),
    );
    return element("tr", { role: "row" }, ...cells);
  }

  /** @param {Element} row @param {Item} item @param {string} now */
  #update(row, item, now) {
    this.#columns.forEach(({ of }, index) => {
      const target = row.children[index];
      const cell = of(item, now);
      const shown = JSON.stringify(cell);
      if (!target || this.#shown.get(target) === shown) return;
      this.#shown.set(target, shown);
      target.replaceChildren(
        element("div", {}, ...content(typeof cell === "string" ? { text: cell } : cell)),
      );
    });
  }
}

/** @param {Cell} cell */
function content({ text, detail, time, tone, bar, button }) {
  const word =
    tone === undefined ? text : element("span", { class: "tone", "data-tone": tone }, text);
  return [
    time === undefined ? word : element("time", { datetime: time, title: time }, word),
    ...(detail === undefined ? [] : [element("div", { class: "detail" }, detail)]),
    ...(bar === undefined ? [] : [barElement(bar)]),
    ...(button === undefined ? [] : [buttonElement(button)]),
  ];
}

/** @param {NonNullable<Cell["bar"]>} bar */
function barElement({ text, share }) {
  const level = element("span", { class: share >= 0.9 ? "level high" : "level" });
  level.style.width = `${Math.round(100 * Math.min(1, share))}%`;
  return element(
    "div",
    { class: "bar" },
    element("span", { class: "rail" }, level),
    element("span", {}, text),
  );
}

/** @param {NonNullable<Cell["button"]>} button */
function buttonElement({ text, label, data }) {
  const created = element("button", { type: "button", "aria-label": label }, text);
  Object.assign(created.dataset, data);
  return created;
}
