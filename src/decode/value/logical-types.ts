import { instantText, timeText, type Unit, utcText } from "../../data/instant.ts";
import type { Value } from "../../data/row.ts";
import {
  type Converter,
  expect,
  isCount,
  toDate,
  toDouble,
  toFloat,
  toJson,
  trimZone,
} from "./column-types.ts";
import { decimal } from "./decimal.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";

/** A Connect schema as the JSON converter embeds it. */
export type ConnectSchema = {
  readonly type: string;
  readonly name?: string;
  readonly field?: string;
  readonly fields?: readonly ConnectSchema[];
  readonly items?: ConnectSchema;
  readonly values?: ConnectSchema;
  readonly parameters?: { readonly scale?: string };
  readonly default?: Json;
};

/** The converters of a struct's columns; a column whose raw value is already its value has none. */
export function convertersOf(struct: ConnectSchema | undefined): Map<string, Converter> {
  const converters = new Map<string, Converter>();
  for (const field of struct?.fields ?? []) {
    const convert = converterBySchema(field);
    if (convert && field.field !== undefined) converters.set(field.field, convert);
  }
  return converters;
}

/** Debezium's and Connect's logical types: Debezium's reference documentation, "Data type mappings". */
const LOGICAL_TYPES: { readonly [name: string]: (schema: ConnectSchema) => Converter } = {
  "org.apache.kafka.connect.data.Decimal": (schema) => {
    const scale = Number(schema.parameters?.scale ?? 0);
    return (raw) => decimal(raw, scale);
  },
  "io.debezium.data.VariableScaleDecimal": () => (raw) => decimal(raw, undefined),
  "org.apache.kafka.connect.data.Date": () => toDate,
  "org.apache.kafka.connect.data.Time": () => time("ms"),
  "org.apache.kafka.connect.data.Timestamp": () => instant("ms"),
  "io.debezium.time.Date": () => toDate,
  "io.debezium.time.IsoDate": () => toDate,
  "io.debezium.time.Time": () => time("ms"),
  "io.debezium.time.MicroTime": () => time("us"),
  "io.debezium.time.NanoTime": () => time("ns"),
  "io.debezium.time.IsoTime": () => time("us"),
  "io.debezium.time.Timestamp": () => instant("ms"),
  "io.debezium.time.MicroTimestamp": () => instant("us"),
  "io.debezium.time.NanoTimestamp": () => instant("ns"),
  "io.debezium.time.IsoTimestamp": () => instant("us"),
  "io.debezium.time.ZonedTimestamp": () => instant("us"),
  "io.debezium.data.Json": () => toJson,
};

const BY_NAME = new Map(Object.entries(LOGICAL_TYPES));

function converterBySchema(schema: ConnectSchema): Converter | undefined {
  const logical = schema.name === undefined ? undefined : BY_NAME.get(schema.name);
  if (logical) return logical(schema);
  switch (schema.type) {
    case "float":
    case "float32":
      return toFloat;
    case "double":
    case "float64":
      return toDouble;
    case "array":
      return arrayConverter(schema.items);
    case "map":
      return mapConverter(schema.values);
    case "struct":
      return structConverter(schema);
    default:
      return undefined;
  }
}

function arrayConverter(items: ConnectSchema | undefined): Converter | undefined {
  const convert = items && converterBySchema(items);
  if (!convert) return undefined;
  return (raw) => (Array.isArray(raw) ? raw.map((item) => orNull(convert, item)) : (raw as Value));
}

function mapConverter(values: ConnectSchema | undefined): Converter | undefined {
  const convert = values && converterBySchema(values);
  if (!convert) return undefined;
  return (raw) => convertFields(raw, () => convert);
}

function structConverter(schema: ConnectSchema): Converter | undefined {
  const converters = convertersOf(schema);
  if (converters.size === 0) return undefined;
  return (raw) => convertFields(raw, (name) => converters.get(name));
}

function convertFields(raw: Json, converter: (name: string) => Converter | undefined): Value {
  if (!isObject(raw)) return raw as Value;
  return Object.fromEntries(
    Object.entries(raw as JsonObject).map(([name, value]) => {
      const convert = converter(name);
      return [name, convert ? orNull(convert, value) : (value as Value)];
    }),
  );
}

function orNull(convert: Converter, raw: Json): Value {
  return raw === null ? null : convert(raw);
}

function instant(unit: Unit): Converter {
  return (raw) =>
    isCount(raw) ? instantText(raw, unit) : utcText(expect(raw, "string", "an instant"));
}

function time(unit: Unit): Converter {
  return (raw) => (isCount(raw) ? timeText(raw, unit) : trimZone(expect(raw, "string", "a time")));
}
