import { drawn, say } from "./dom.js";

/** @typedef {"kafka" | "decode" | "classify" | "map" | "segment" | "letters" | "store" | "checkpoint"} Place */
/** @typedef {{ readonly value: string, readonly unit: string, readonly lines: readonly string[] }} Said */
/** @typedef {{ readonly [place in Place]: Said }} Numbers */
/** @typedef {{ readonly from: Place, readonly d: string, readonly isReturn?: boolean }} Arrow */
/**
 * @typedef {{
 *   readonly width: number,
 *   readonly height: number,
 *   readonly boxes: { readonly [place in Place]: readonly [x: number, y: number, width: number, height: number] },
 *   readonly arrows: readonly Arrow[],
 *   readonly words: readonly (readonly [x: number, y: number, text: string])[],
 * }} Layout
 */

/** @type {{ readonly [place in Place]: string }} */
const TITLES = {
  kafka: "Kafka",
  decode: "Decode",
  classify: "Classify",
  map: "Map",
  segment: "Segment",
  letters: "Dead letters",
  store: "Store",
  checkpoint: "Checkpoint",
};

/** From left to right. @type {Layout} */
export const WIDE = {
  width: 1120,
  height: 342,
  boxes: {
    kafka: [1, 1, 192, 134],
    decode: [232.5, 1, 192, 134],
    classify: [464, 1, 192, 134],
    map: [695.5, 1, 192, 134],
    segment: [927, 1, 192, 134],
    letters: [232.5, 187, 192, 104],
    store: [464, 187, 192, 104],
    checkpoint: [927, 187, 192, 104],
  },
  arrows: [
    { from: "kafka", d: "M193 68h38" },
    { from: "decode", d: "M424.5 68h38" },
    { from: "classify", d: "M656 68h38" },
    { from: "map", d: "M887.5 68h38" },
    { from: "letters", d: "M328.5 135v50" },
    { from: "classify", d: "M544 135v50" },
    { from: "classify", d: "M576 187v-50" },
    { from: "segment", d: "M1023 135v50" },
    { from: "checkpoint", d: "M927 239h-269", isReturn: true },
    { from: "checkpoint", d: "M1023 291v38h-926v-192", isReturn: true },
  ],
  words: [
    [1033, 165, "taken"],
    [668, 229, "rows and position"],
    [668, 319, "changelog, group offset"],
  ],
};

/** From top to bottom. @type {Layout} */
export const TALL = {
  width: 340,
  height: 745,
  boxes: {
    kafka: [17, 1, 182, 122],
    decode: [17, 155, 182, 122],
    classify: [17, 309, 182, 122],
    map: [17, 463, 182, 122],
    segment: [17, 617, 182, 122],
    letters: [223, 155, 116, 122],
    store: [223, 309, 116, 122],
    checkpoint: [223, 617, 116, 122],
  },
  arrows: [
    { from: "kafka", d: "M108 123v30" },
    { from: "decode", d: "M108 277v30" },
    { from: "classify", d: "M108 431v30" },
    { from: "map", d: "M108 585v30" },
    { from: "letters", d: "M199 216h22" },
    { from: "classify", d: "M199 358h22" },
    { from: "classify", d: "M223 382h-22" },
    { from: "segment", d: "M199 678h22" },
    { from: "checkpoint", d: "M281 617v-184", isReturn: true },
    { from: "checkpoint", d: "M281 739v5h-278v-682h12", isReturn: true },
  ],
  words: [],
};

const LINES = 3;

/** The way of a record, with what passes each place. */
export class Flow {
  #parent;
  /** @type {SVGElement | null} */
  #picture = null;
  /** @type {Map<Place, readonly Element[]>} */
  #texts = new Map();
  /** @type {{ readonly from: Place, readonly path: Element }[]} */
  #paths = [];

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.#parent = parent;
  }

  /** @param {Layout} layout */
  draw({ width, height, boxes, arrows, words }) {
    const places = /** @type {Place[]} */ (Object.keys(boxes));
    this.#paths = arrows.map(({ from, d, isReturn }) => ({
      from,
      path: drawn("path", {
        d,
        class: isReturn ? "arrow return" : "arrow",
        "marker-end": "url(#tip)",
      }),
    }));
    const head = drawn("path", { d: "M0 0 8 4 0 8z", class: "tip" });
    const tip = {
      id: "tip",
      viewBox: "0 0 8 8",
      refX: 6,
      refY: 4,
      markerWidth: 8,
      markerHeight: 8,
      orient: "auto",
    };
    this.#picture = drawn(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, role: "img", class: width < 500 ? "tall" : "wide" },
      drawn("defs", {}, drawn("marker", { ...tip, markerUnits: "userSpaceOnUse" }, head)),
      ...this.#paths.map(({ path }) => path),
      ...words.map(([x, y, text]) => drawn("text", { x, y, class: "word" }, text)),
      ...places.map((place) => this.#box(place, boxes[place])),
    );
    this.#parent.replaceChildren(this.#picture);
  }

  /** @param {Numbers} numbers @param {(place: Place) => boolean} isFlowing @param {(place: Place) => boolean} isBad */
  show(numbers, isFlowing, isBad) {
    const said = [];
    for (const [place, texts] of this.#texts) {
      const { value, unit, lines } = numbers[place];
      const [box, first, second, ...more] = texts;
      if (!box || !first || !second) continue;
      box.classList.toggle("bad", isBad(place));
      say(first, value);
      say(second, unit === "" ? "" : ` ${unit}`);
      for (const [index, at] of more.entries()) say(at, lines[index] ?? "");
      said.push(
        `${TITLES[place]}: ${[`${value} ${unit}`.trim(), ...lines].filter(Boolean).join(", ")}`,
      );
    }
    for (const { from, path } of this.#paths) path.classList.toggle("flowing", isFlowing(from));
    const label = `${said.join(". ")}.`;
    if (this.#picture?.getAttribute("aria-label") !== label)
      this.#picture?.setAttribute("aria-label", label);
  }

  /** @param {Place} place @param {readonly [number, number, number, number]} at */
  #box(place, [x, y, width, height]) {
    const left = x + 14;
    const lines = Array.from({ length: LINES }, (_, i) =>
      drawn("text", { x: left, y: y + 73 + 19 * i, class: "line" }),
    );
    const value = drawn("tspan", { class: "value" });
    const unit = drawn("tspan", { class: "unit" });
    const box = drawn(
      "g",
      { class: "box", "data-place": place },
      drawn("rect", { x, y, width, height, rx: 8 }),
      drawn("text", { x: left, y: y + 24, class: "name" }, TITLES[place]),
      drawn("text", { x: left, y: y + 51 }, value, unit),
      ...lines,
    );
    this.#texts.set(place, [box, value, unit, ...lines]);
    return box;
  }
}
