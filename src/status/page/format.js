/** Numbers and times as text. An unknown value is a dash. */

const UNKNOWN = "–";

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** @param {number | null | undefined} count */
export function number(count) {
  return count === null || count === undefined ? UNKNOWN : WHOLE.format(count);
}

/** Short enough for the diagram. @param {number | null | undefined} count @param {number} [exactBelow] */
export function short(count, exactBelow = 1e6) {
  return count === null || count === undefined || count < exactBelow
    ? number(count)
    : SHORT.format(count);
}

/** @param {number | null} perSecond */
export function rate(perSecond) {
  if (perSecond === null) return UNKNOWN;
  if (perSecond > 0 && perSecond < 0.1) return "< 0.1";
  return perSecond < 10 ? TENTHS.format(perSecond) : short(Math.round(perSecond));
}

/** @param {number} part @param {number} whole */
export function percent(part, whole) {
  return whole === 0 ? UNKNOWN : `${TENTHS.format((100 * part) / whole)} %`;
}

/** @param {number | null} count */
export function bytes(count) {
  if (count === null) return UNKNOWN;
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = count < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
  return `${TENTHS.format(count / 1000 ** power)} ${units[power]}`;
}

/** In the largest unit. @param {number | null} seconds */
export function briefly(seconds) {
  return duration(seconds).split(" ").slice(0, 2).join(" ");
}

/** In the two largest units. @param {number | null} seconds */
export function duration(seconds) {
  if (seconds === null) return UNKNOWN;
  if (seconds > 0 && seconds < 1) return `${Math.ceil(seconds * 1_000)} ms`;
  if (seconds < 10) return `${TENTHS.format(seconds)} s`;
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3_600) return two(Math.floor(s / 60), "min", s % 60, "s");
  if (s < 86_400) return two(Math.floor(s / 3_600), "h", Math.floor((s % 3_600) / 60), "min");
  return two(Math.floor(s / 86_400), "d", Math.floor((s % 86_400) / 3_600), "h");
}

/** @param {string | null} time @param {string} now both ISO 8601, of the same clock */
export function ago(time, now) {
  if (time === null) return UNKNOWN;
  const s = age(time, now);
  return s < 1 ? "just now" : `${duration(Math.floor(s))} ago`;
}

/** In seconds. @param {string} time @param {string} now both ISO 8601, of the same clock */
export function age(time, now) {
  return Math.max(0, Date.parse(now) - Date.parse(time)) / 1_000;
}

/** The time of day, with the date unless it is today. @param {string} time @param {string} now ISO 8601 */
export function timeOfDay(time, now) {
  const [date, clock = ""] = time.split("T");
  const seconds = clock.slice(0, 8);
  return date === now.slice(0, 10) ? seconds : `${date} ${seconds}`;
}

/** @param {number} count @param {string} one @param {string} [several] */
export function counted(count, one, several = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : several}`;
}

/** @param {number} large @param {string} unit @param {number} small @param {string} smaller */
function two(large, unit, small, smaller) {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smaller}`;
}
