import { element, frame, say } from "./dom.js";

/**
 * What stands in a cell: a text, perhaps with a quieter one below, perhaps with a bar (a part of 1, and that in words),
 * perhaps with a button (what it says, what it is called where its row cannot be seen, and the data that it has).
 * @typedef {{
 *   readonly text: string,
 *   readonly below?: string,
 *   readonly at?: string,
 *   readonly tone?: "ok" | "warn" | "bad",
 *   readonly bar?: { readonly text: string, readonly part: number },
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
 * A table that keeps its rows while they are the same, so that a selection, and who reads in it, is not disturbed.
 * @template Item
 */
export class Table {
  #columns;
  #keyOf;
  #empty;
  #frame;
  #body = element("tbody", { role: "rowgroup" });
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();
  /** @type {WeakMap<Element, string>} */
  #shown = new WeakMap();

  /**
   * @param {HTMLElement} parent
   * @param {{
   *   readonly label: string,
   *   readonly columns: readonly Column<Item>[],
   *   readonly keyOf: (item: Item) => string,
   * }} about
   */
  constructor(parent, { label, columns, keyOf }) {
    this.#columns = columns;
    this.#keyOf = keyOf;
    this.#empty = element("p", { class: "empty" });
    const heads = columns.map(({ name, kind = "" }) =>
      element("th", { scope: "col", role: "columnheader", class: kind }, name),
    );
    // Stacked on a phone, a table is none any more to the browser: the roles say that it still is.
    const table = element(
      "table",
      { role: "table", "aria-label": label },
      element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads)),
      this.#body,
    );
    this.#frame = frame(label, table);
    parent.append(this.#empty, this.#frame);
  }

  /** @param {readonly Item[]} items @param {string} now ISO-8601 @param {string} otherwise what is said where there are none */
  show(items, now, otherwise) {
    say(this.#empty, items.length === 0 ? otherwise : "");
    this.#frame.hidden = items.length === 0;
    const before = this.#rows;
    this.#rows = new Map();
    for (const item of items) {
      const key = this.#keyOf(item);
      const row = before.get(key) ?? this.#row();
      before.delete(key);
      this.#rows.set(key, row);
      this.#fill(row, item, now);
    }
    for (const row of before.values()) row.remove();
    [...this.#rows.values()].forEach((row, index) => {
      const there = this.#body.children[index] ?? null;
      if (there !== row) this.#body.insertBefore(row, there);
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
  #fill(row, item, now) {
    this.#columns.forEach(({ of }, index) => {
      const at = row.children[index];
      const cell = of(item, now);
      const signature = JSON.stringify(cell);
      if (!at || this.#shown.get(at) === signature) return;
      this.#shown.set(at, signature);
      at.replaceChildren(
        element("div", {}, ...content(typeof cell === "string" ? { text: cell } : cell)),
      );
    });
  }
}

/** @param {Cell} cell */
function content({ text, below, at, tone, bar, button }) {
  const word =
    tone === undefined ? text : element("span", { class: "tone", "data-tone": tone }, text);
  const first = at === undefined ? word : element("time", { datetime: at, title: at }, word);
  const second = below === undefined ? [] : [element("div", { class: "below" }, below)];
  const third = bar === undefined ? [] : [drawnBar(bar)];
  return [first, ...second, ...third, ...(button === undefined ? [] : [drawnButton(button)])];
}

/** @param {{ readonly text: string, readonly part: number }} bar */
function drawnBar({ text, part }) {
  const full = element("span", { class: part >= 0.9 ? "full high" : "full" });
  full.style.width = `${Math.round(100 * Math.min(1, part))}%`;
  return element(
    "div",
    { class: "bar" },
    element("span", { class: "rail" }, full),
    element("span", {}, text),
  );
}

/** @param {NonNullable<Cell["button"]>} button */
function drawnButton({ text, label, data }) {
  const made = element("button", { type: "button", "aria-label": label }, text);
  Object.assign(made.dataset, data);
  return made;
}
