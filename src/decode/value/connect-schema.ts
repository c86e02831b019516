import { DetailedError } from "../../lib/errors.ts";
import { isObject, type Json } from "./json.ts";
import type { ConnectSchema } from "./logical-types.ts";

/** Whether the value is a schema of Connect's JSON converter, in every field that is used. */
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

/** A table has some thousands of columns at most; types that contain each other twice expand without bound. */
const MOST_FIELDS = 100_000;

/** A function to call for each expanded field; throws when there are too many. */
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
