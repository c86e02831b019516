import { DURATION_UNITS, quantityText, SIZE_UNITS, type Units } from "./quantity.ts";

/** Names that settings had in 0.1.0, and what they are called now. */

type Renamed = {
  readonly name: string;
  /** Units of the new setting; the old one had a bare number of the smallest. */
  readonly units?: Units;
};

const to = (name: string): Renamed => ({ name });
const duration = (name: string): Renamed => ({ name, units: DURATION_UNITS });
const size = (name: string): Renamed => ({ name, units: SIZE_UNITS });

const model = {
  keyChangeWait_ms: duration("keyChangeTimeout"),
  reconcileWait_ms: duration("reconcileDelay"),
};

const SECTIONS: { readonly [section: string]: { readonly [old: string]: Renamed } } = {
  kafka: { sessionTimeout_ms: duration("sessionTimeout"), silence_ms: duration("stallTimeout") },
  segment: { linger_ms: duration("linger"), timeout_ms: duration("timeout") },
  state: {
    forgetDeletedAfter: to("deleteRetention"),
    memory_bytes: size("memory"),
    onGap: to("onDataLoss"),
  },
  checkpoint: { interval_ms: duration("interval") },
  limits: {
    queue_records: to("queueRecords"),
    queue_bytes: size("queueBytes"),
    lane_messages: to("deliveryMessages"),
    lane_bytes: size("deliveryBytes"),
  },
  deadLetters: { stopAfterInARow: to("maxConsecutive"), stopAtRatio: to("maxRatio") },
};

/**
 * What to write instead of a setting's old name.
 * @param path of the section that has the old name
 * @param value of the old setting; shown only where it is a number or, outside of sections with secrets, a plain word
 */
export function renamed(
  path: readonly PropertyKey[],
  old: string,
  value: unknown,
): string | undefined {
  const [top, ...inner] = path;
  const section = top === "models" && inner.length === 1 ? model : SECTIONS[path.join(".")];
  if (section === undefined || !Object.hasOwn(section, old)) return undefined;
  const setting: Renamed | undefined = (section as { readonly [old: string]: Renamed })[old];
  if (setting === undefined) return undefined;
  const { name, units } = setting;
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  const isNumber = /^\d+$/.test(text);
  const shown = units
    ? isNumber && quantityText(Number(text), units)
    : (isNumber || /^[\w.]{1,20}$/.test(text)) && text;
  return `this setting is now called ${name}; write \`${name}: ${shown || "..."}\``;
}
