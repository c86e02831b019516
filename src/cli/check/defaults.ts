import { isEnvelope } from "../../decode/debezium/envelope.ts";
import { isObject, type Json } from "../../decode/value/json.ts";
import type { ConnectSchema } from "../../decode/value/logical-types.ts";
import { type Finding, warning } from "./finding.ts";
import type { Sample } from "./rows.ts";

/** As embedded by the JSON converter; the decoded fields of Avro have no `optional`. */
type Field = ConnectSchema & { readonly optional?: boolean };

/**
 * Symptoms of `replace.null.with.default` (KIP-581): nullable columns with a default that contain the default and never
 * NULL. By default, converters replace NULL with it.
 */
export function checkDefaults(topic: string, samples: readonly Sample[]): readonly Finding[] {
  const withDefault = new Set<string>();
  const nulls = new Set<string>();
  for (const { schema, payload } of samples) {
    const row = rowOf(payload);
    if (schema === null || row === null) continue;
    for (const { field, optional, default: fallback } of fieldsOf(schema)) {
      if (field === undefined || !optional || fallback === undefined || fallback === null) continue;
      const value = row[field];
      if (value === null) nulls.add(field);
      else if (JSON.stringify(value) === JSON.stringify(fallback)) withDefault.add(field);
    }
  }
  const suspect = [...withDefault.difference(nulls)];
  if (suspect.length === 0) return [];
  return [
    warning(
      `topic ${topic}`,
      `${suspect.join(", ")}: nullable with a default, and the sampled rows contain the default and never NULL; if some are NULL in the database, the converter replaces NULL: set value.converter.replace.null.with.default=false on the connector`,
    ),
  ];
}

function rowOf(payload: Json): { readonly [column: string]: unknown } | null {
  if (!isObject(payload)) return null;
  const row = isEnvelope(payload) ? payload.after : payload;
  return isObject(row) ? row : null;
}

function fieldsOf(schema: ConnectSchema): readonly Field[] {
  const struct = schema.fields?.find(({ field }) => field === "after") ?? schema;
  return struct.fields ?? [];
}
