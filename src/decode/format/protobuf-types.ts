import protobuf, { type Root, type Type } from "protobufjs";
import { dateText, instantText, timeText } from "../../data/instant.ts";
import { type Json, type JsonObject, wrongValue } from "../value/json.ts";
import type { ConnectSchema } from "../value/logical-types.ts";

/** A message type that stands for one value: what it is in Connect, and the value of a message with all its fields. */
export type KnownType = {
  readonly name?: string;
  readonly read: (message: JsonObject) => Json;
};

const KNOWN: { readonly [fullName: string]: KnownType } = {
  ".confluent.type.Decimal": {
    name: "io.debezium.data.VariableScaleDecimal",
    // No bytes at all are the zero of writers other than Java.
    read: ({ value, scale }) => ({
      scale: scale ?? 0,
      value: value === "" ? "AA==" : (value ?? "AA=="),
    }),
  },
  ".google.type.Date": { name: "org.apache.kafka.connect.data.Date", read: date },
  ".google.type.TimeOfDay": { name: "org.apache.kafka.connect.data.Time", read: timeOfDay },
  ".google.protobuf.Timestamp": { name: "io.debezium.time.ZonedTimestamp", read: timestamp },
};

/** Messages around one nullable value, `wrapper.for.nullables`. */
const WRAPPER = /^\.google\.protobuf\.(?:Double|Float|U?Int64|U?Int32|Bool|String|Bytes)Value$/;

export function isWrapper(type: Type): boolean {
  return WRAPPER.test(type.fullName);
}

/** The known type behind a message type, `null` where it is a struct. */
export function knownType(type: Type): KnownType | null {
  if (isWrapper(type)) return { read: ({ value }) => value ?? null };
  return KNOWN[type.fullName] ?? null;
}

/** A Debezium struct that is one value: the converter names its message type as the struct, without the package. */
export function structName({ name, fields }: Type): ConnectSchema["name"] {
  return name === "VariableScaleDecimal" && fields.scale && fields.value
    ? "io.debezium.data.VariableScaleDecimal"
    : undefined;
}

type Fields = { readonly [name: string]: { readonly type: string; readonly id: number } };

const fields = (...all: readonly (readonly [name: string, type: string])[]): Fields =>
  Object.fromEntries(all.map(([name, type], i) => [name, { type, id: i + 1 }]));

/** From the types' published definitions: what a message's bytes need, and no more. */
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

/** Adds the types that schemas import from files which a registry has built in and does not give as references. */
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
  const at = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for those of the last century.
  at.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (Number.isNaN(at.getTime())) return Number(year) > 0 ? "infinity" : "-infinity";
  if (at.getUTCMonth() + 1 !== month || at.getUTCDate() !== day)
    throw wrongValue("not a date", `${year}-${month}-${day}`);
  return dateText(at.getTime() / DAY_MS);
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
