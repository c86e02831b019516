import { DURATION_UNITS, quantityText, SIZE_UNITS } from "./quantity.ts";
import { definitionOf, quantityOf, type Schema } from "./schema-parts.ts";

/** Settings with durations and sizes as a file writes them: `30s` instead of 30000. */
export function writtenValues(schema: Schema, value: unknown): unknown {
  const noun = quantityOf(schema);
  if (noun !== undefined && typeof value === "number")
    return quantityText(value, noun === "a duration" ? DURATION_UNITS : SIZE_UNITS);
  const { shape, valueType } = definitionOf(schema);
  if (!shape && !valueType) return value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const setting = shape?.[name] ?? valueType;
      return [name, setting ? writtenValues(setting, inner) : inner];
    }),
  );
}
