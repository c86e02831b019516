import protobuf, { type Root, type Type } from "protobufjs";
import { dateText, instantText, timeText } from "../../data/instant.ts";
import { type Json, type JsonObject, wrongValue } from "../value/json.ts";
import type { ConnectSchema } from "../value/logical-types.ts";

/** A message type that represents one value: its Connect name, and how to read the value. */
export type KnownType = {
  readonly name?: string;
  readonly read: (message: JsonObject) => Json;
};

const KNOWN: { readonly [fullName: string]: KnownType } = {
  ".confluent.type.Decimal": {
    name: "io.debezium.data.VariableScaleDecimal",
    // Writers other than Java encode zero as no bytes.
    read: ({ value, scale }) => ({
      scale: scale ?? 0,
      value: value === "" ? "AA==" : (value ?? "AA=="),
    }),
  },
  ".google.type.Date": { name: "org.apache.kafka.connect.data.Date", read: date },
  ".google.type.TimeOfDay": { name: "org.apache.kafka.connect.data.Time", read: timeOfDay },
  ".google.protobuf.Timestamp": { name: "io.debezium.time.ZonedTimestamp", read: timestamp },
};

/** Wrappers of one nullable value, `wrapper.for.nullables`. */
const WRAPPER = /^\.google\.protobuf\.(?:Double|Float|U?Int64|U?Int32|Bool|String|Bytes)Value$/;

export function isWrapper(type: Type): boolean {
  return WRAPPER.test(type.fullName);
}

/** The known type of a message type, `null` if it is a struct. */
export function knownType(type: Type): KnownType | null {
  if (isWrapper(type)) return { read: ({ value }) => value ?? null };
  return KNOWN[type.fullName] ?? null;
}

/** A Debezium struct that represents one value: the converter uses the struct's name without the package. */
export function structName({ name, fields }: Type): ConnectSchema["name"] {
  return name === "VariableScaleDecimal" && fields.scale && fields.value
    ? "io.debezium.data.VariableScaleDecimal"
    : undefined;
}

type Fields = { readonly [name: string]: { readonly type: string; readonly id: number } };

const fields = (...all: readonly (readonly [name: string, type: string])[]): Fields =>
  Object.fromEntries(all.map(([name, type], i) => [name, { type, id: i + 1 }]));

/** The fields of the published definitions that are needed to read the bytes. */
const BUNDLED: { readonly [namespace: string]: { readonly [type: string]: Fields } } = {
  "confluent.type": {
    Decimal: fields(["value", "bytes"], ["precision", "uint32"], ["scale", "int32"]),
  },
  "google.type": {
    Date: fields(["year", "int32"], ["month", "int32"], ["day", "int32"]),
    TimeOfDay: fields(
      ["hours", "int32"],
      ["minutes", "int32"],
      ["seconds", "int32"],
      ["nanos", "int32"],
    ),
  },
  "google.protobuf": {
    Timestamp: fields(["seconds", "int64"], ["nanos", "int32"]),
    Duration: fields(["seconds", "int64"], ["nanos", "int32"]),
    Empty: {},
    DoubleValue: fields(["value", "double"]),
    FloatValue: fields(["value", "float"]),
    Int64Value: fields(["value", "int64"]),
    UInt64Value: fields(["value", "uint64"]),
    Int32Value: fields(["value", "int32"]),
    UInt32Value: fields(["value", "uint32"]),
    BoolValue: fields(["value", "bool"]),
    StringValue: fields(["value", "string"]),
    BytesValue: fields(["value", "bytes"]),
  },
};

/** Adds types that schemas import from files built into a registry, which it does not return as references. */
export function addBundledTypes(root: Root): void {
  for (const [namespace, types] of Object.entries(BUNDLED)) {
    for (const [name, fields] of Object.entries(types)) {
      if (root.lookup(`.${namespace}.${name}`)) continue;
      root.define(namespace).add(protobuf.Type.fromJSON(name, { fields }));
    }
  }
}

const DAY_MS = 86_400_000;

function date({ year, month, day }: JsonObject): string {
  const midnight = new Date(0);
  // Date.UTC maps the years 0 to 99 to 1900 to 1999.
  midnight.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (Number.isNaN(midnight.getTime())) return Number(year) > 0 ? "infinity" : "-infinity";
  if (midnight.getUTCMonth() + 1 !== month || midnight.getUTCDate() !== day)
    throw wrongValue("not a date", `${year}-${month}-${day}`);
  return dateText(midnight.getTime() / DAY_MS);
}

function timeOfDay({ hours, minutes, seconds, nanos }: JsonObject): string {
  const count = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  return timeText(nanoseconds(count, nanos), "ns");
}

function timestamp({ seconds, nanos }: JsonObject): string {
  return instantText(nanoseconds(seconds, nanos), "ns");
}

function nanoseconds(seconds: Json | undefined, nanos: Json | undefined): bigint {
  return BigInt(seconds as number | bigint) * 1_000_000_000n + BigInt(nanos as number);
}
