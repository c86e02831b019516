import { setText, svgElement } from "./dom.js";

/** @typedef {"kafka" | "decode" | "classify" | "map" | "segment" | "deadLetters" | "store" | "checkpoint"} Stage */
/** @typedef {{ readonly value: string, readonly unit: string, readonly lines: readonly string[] }} StageText */
/** @typedef {{ readonly [stage in Stage]: StageText }} StageTexts */
/** @typedef {{ readonly from: Stage, readonly d: string, readonly isReturn?: boolean }} Arrow */
/**
 * @typedef {{
 *   readonly width: number,
 *   readonly height: number,
 *   readonly boxes: { readonly [stage in Stage]: readonly [x: number, y: number, width: number, height: number] },
 *   readonly arrows: readonly Arrow[],
 *   readonly labels: readonly (readonly [x: number, y: number, text: string])[],
 * }} Layout
 */

/** @type {{ readonly [stage in Stage]: string }} */
const TITLES = {
  kafka: "Kafka",
  decode: "Decode",
  classify: "Classify",
  map: "Map",
  segment: "Segment",
  deadLetters: "Dead letters",
  store: "Store",
  checkpoint: "Checkpoint",
};

/** Left to right. @type {Layout} */
export const WIDE = {
  width: 1120,
  height: 342,
  boxes: {
    kafka: [1, 1, 192, 134],
    decode: [232.5, 1, 192, 134],
    classify: [464, 1, 192, 134],
    map: [695.5, 1, 192, 134],
    segment: [927, 1, 192, 134],
    deadLetters: [232.5, 187, 192, 104],
    store: [464, 187, 192, 104],
    checkpoint: [927, 187, 192, 104],
  },
  arrows: [
    { from: "kafka", d: "M193 68h38" },
    { from: "decode", d: "M424.5 68h38" },
    { from: "classify", d: "M656 68h38" },
    { from: "map", d: "M887.5 68h38" },
    { from: "deadLetters", d: "M328.5 135v50" },
    { from: "classify", d: "M544 135v50" },
    { from: "classify", d: "M576 187v-50" },
    { from: "segment", d: "M1023 135v50" },
    { from: "checkpoint", d: "M927 239h-269", isReturn: true },
    { from: "checkpoint", d: "M1023 291v38h-926v-192", isReturn: true },
  ],
  labels: [
    [1033, 165, "delivered"],
    [668, 229, "rows, next offset"],
    [668, 319, "changelog, group offset"],
  ],
};

/** Top to bottom. @type {Layout} */
export const TALL = {
  width: 340,
  height: 745,
  boxes: {
    kafka: [17, 1, 182, 122],
    decode: [17, 155, 182, 122],
    classify: [17, 309, 182, 122],
    map: [17, 463, 182, 122],
    segment: [17, 617, 182, 122],
    deadLetters: [223, 155, 116, 122],
    store: [223, 309, 116, 122],
    checkpoint: [223, 617, 116, 122],
  },
  arrows: [
    { from: "kafka", d: "M108 123v30" },
    { from: "decode", d: "M108 277v30" },
    { from: "classify", d: "M108 431v30" },
    { from: "map", d: "M108 585v30" },
    { from: "deadLetters", d: "M199 216h22" },
    { from: "classify", d: "M199 358h22" },
    { from: "classify", d: "M223 382h-22" },
    { from: "segment", d: "M199 678h22" },
    { from: "checkpoint", d: "M281 617v-184", isReturn: true },
    { from: "checkpoint", d: "M281 739v5h-278v-682h12", isReturn: true },
  ],
  labels: [],
};

const LINES = 3;

/** Diagram of the stages a record passes, with their numbers. */
export class Flow {
  #parent;
  /** @type {SVGElement | null} */
  #svg = null;
  /** @type {Map<Stage, readonly Element[]>} */
  #texts = new Map();
  /** @type {{ readonly from: Stage, readonly path: Element }[]} */
  #paths = [];

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.#parent = parent;
  }

  /** @param {Layout} layout */
  draw({ width, height, boxes, arrows, labels }) {
    const stages = /** @type {Stage[]} */ (Object.keys(boxes));
    this.#paths = arrows.map(({ from, d, isReturn }) => ({
      from,
      path: svgElement("path", {
        d,
        class: isReturn ? "arrow return" : "arrow",
        "marker-end": "url(#tip)",
      }),
    }));
    const head = svgElement("path", { d: "M0 0 8 4 0 8z", class: "tip" });
    const tip = {
      id: "tip",
      viewBox: "0 0 8 8",
      refX: 6,
      refY: 4,
      markerWidth: 8,
      markerHeight: 8,
      orient: "auto",
    };
    this.#svg = svgElement(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, role: "img", class: width < 500 ? "tall" : "wide" },
      svgElement("defs", {}, svgElement("marker", { ...tip, markerUnits: "userSpaceOnUse" }, head)),
      ...this.#paths.map(({ path }) => path),
      ...labels.map(([x, y, text]) => svgElement("text", { x, y, class: "label" }, text)),
      ...stages.map((stage) => this.#box(stage, boxes[stage])),
    );
    this.#parent.replaceChildren(this.#svg);
  }

  /** @param {StageTexts} texts @param {(stage: Stage) => boolean} isFlowing @param {(stage: Stage) => boolean} isBad */
  show(texts, isFlowing, isBad) {
    const parts = [];
    for (const [stage, elements] of this.#texts) {
      const { value, unit, lines } = texts[stage];
      const [box, valueText, unitText, ...lineTexts] = elements;
      if (!box || !valueText || !unitText) continue;
      box.classList.toggle("bad", isBad(stage));
      setText(valueText, value);
      setText(unitText, unit === "" ? "" : ` ${unit}`);
      for (const [index, lineText] of lineTexts.entries()) setText(lineText, lines[index] ?? "");
      const text = [`${value} ${unit}`.trim(), ...lines].filter(Boolean).join(", ");
      parts.push(`${TITLES[stage]}: ${text}`);
    }
    for (const { from, path } of this.#paths) path.classList.toggle("flowing", isFlowing(from));
    const label = `${parts.join(". ")}.`;
    if (this.#svg?.getAttribute("aria-label") !== label)
      this.#svg?.setAttribute("aria-label", label);
  }

  /** @param {Stage} stage @param {readonly [number, number, number, number]} rectangle */
  #box(stage, [x, y, width, height]) {
    const left = x + 14;
    const lines = Array.from({ length: LINES }, (_, i) =>
      svgElement("text", { x: left, y: y + 73 + 19 * i, class: "line" }),
    );
    const value = svgElement("tspan", { class: "value" });
    const unit = svgElement("tspan", { class: "unit" });
    const box = svgElement(
      "g",
      { class: "box", "data-stage": stage },
      svgElement("rect", { x, y, width, height, rx: 8 }),
      svgElement("text", { x: left, y: y + 24, class: "name" }, TITLES[stage]),
      svgElement("text", { x: left, y: y + 51 }, value, unit),
      ...lines,
    );
    this.#texts.set(stage, [box, value, unit, ...lines]);
    return box;
  }
}
