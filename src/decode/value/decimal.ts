import { MOST_DIGITS, Real, real } from "../../data/row.ts";
import { DetailedError } from "../../lib/errors.ts";
import { isObject, wrongValue } from "./json.ts";

/** As the converters write them, then as Debezium does with `decimal.handling.mode=string`. */
const NO_NUMBER: ReadonlyMap<string, string> = new Map([
  ["NaN", "NaN"],
  ["Infinity", "Infinity"],
  ["-Infinity", "-Infinity"],
  ["NAN", "NaN"],
  ["POSITIVE_INFINITY", "Infinity"],
  ["NEGATIVE_INFINITY", "-Infinity"],
]);

/**
 * A decimal in any form that Connect's converters write.
 * - text or a number: unchanged; `NaN` and the infinities as text
 * - base64 of the unscaled integer, two's complement, big-endian: with the scale of its schema
 * - `{scale, value}`: numeric without a fixed scale
 * @throws Error if it is none of these
 */
export function decimal(raw: unknown, scale: number | undefined): number | Real | string {
  if (typeof raw === "number" || typeof raw === "bigint") return real(String(raw));
  if (raw instanceof Real) return raw;
  if (isObject(raw)) return decimal(raw.value, Number(raw.scale));
  if (typeof raw !== "string") throw wrongValue("not a decimal", raw);
  // Before base64: `Infinity` is valid base64.
  const noNumber = NO_NUMBER.get(raw);
  if (noNumber !== undefined) return noNumber;
  if (scale !== undefined && isBase64(raw)) return unscaled(raw, scale);
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(raw)) return real(raw);
  if (scale === undefined && isBase64(raw)) {
    throw wrongValue(
      "a decimal without its scale; declare the column as {type: decimal, scale: N}",
      raw,
    );
  }
  throw wrongValue("not a decimal", raw);
}

/** Padded base64. `1234` is valid base64 too; with a scale it is read as base64. */
function isBase64(text: string): boolean {
  return text.length % 4 === 0 && text !== "" && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}

const DIGITS_A_BYTE = Math.log10(256);

/**
 * 48 bits are at most 15 digits, which a double represents exactly, and dividing by so small a power of ten gives the
 * nearest double, written without an exponent. Most decimals, such as amounts of money, take this fast path.
 */
const SHORT_BYTES = 6;
const SHORT_SCALE = 6;

function unscaled(base64: string, scale: number): number | Real {
  if (!Number.isInteger(scale)) throw new DetailedError(`${scale} is not the scale of a decimal`);
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length * DIGITS_A_BYTE > MOST_DIGITS)
    throw new DetailedError(`a decimal has ${bytes.length} bytes`);
  if (bytes.length <= SHORT_BYTES && scale >= 0 && scale <= SHORT_SCALE) {
    const number = bytes.readIntBE(0, bytes.length) / 10 ** scale;
    return Number.isInteger(number) ? new Real(String(number)) : number;
  }
  const magnitude = BigInt(`0x${bytes.toString("hex")}`);
  const integer = BigInt.asIntN(bytes.length * 8, magnitude);
  return real(`${integer}e${-scale}`);
}
