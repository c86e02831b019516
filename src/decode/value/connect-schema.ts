import { DetailedError } from "../../lib/errors.ts";
import { isObject, type Json } from "./json.ts";
import type { ConnectSchema } from "./logical-types.ts";

/** Whether it is a schema as Connect's JSON converter embeds it, in everything that is read of it. */
export function isConnectSchema(value: Json | undefined): value is ConnectSchema {
  return (
    isObject(value) &&
    typeof value.type === "string" &&
    isAbsentOr(value.name, isText) &&
    isAbsentOr(value.field, isText) &&
    isAbsentOr(value.parameters, isObject) &&
    isAbsentOr(value.fields, (fields) => Array.isArray(fields) && fields.every(isConnectSchema)) &&
    isAbsentOr(value.items, isConnectSchema) &&
    isAbsentOr(value.values, isConnectSchema)
  );
}

/** The columns of a table are some thousands at most. Types that hold each other twice may come to any number. */
const MOST_FIELDS = 100_000;

/** To be called for each field of a schema that is taken apart; throws when they have no end. */
export function fieldCount(): () => void {
  let fields = 0;
  return () => {
    fields += 1;
    if (fields > MOST_FIELDS)
      throw new DetailedError(`the schema has more than ${MOST_FIELDS} fields`);
  };
}

function isAbsentOr(value: Json | undefined, is: (value: Json) => boolean): boolean {
  return value === undefined || is(value);
}

function isText(value: Json): boolean {
  return typeof value === "string";
}
