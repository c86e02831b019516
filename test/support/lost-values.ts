/** Values of the recorded runs that Kafka does not tell as the database had them, and why. */

/** Of a row under its new key; with `keyChange: changed` they are known. */
export const STAYED_UNDER_THE_OLD_KEY = {
  "users 105 bio":
    "TOAST: the create after a key change has the placeholder, the value is the old key's",
  "toasty 30 t":
    "TOAST: the create after a key change has the placeholder, the value is the old key's",
};

const JULIAN = "a snapshot reads instants before 1582 in the Julian calendar";

export const OF_POSTGRES = {
  "types_zoo gen": "a generated column is in the snapshot and not in the stream",
  "types_zoo m2": "arrays of several dimensions arrive as an array of nulls",
  "types_zoo pt": "a point arrives as a struct; integration/types.test.ts holds it",
  "types_zoo tsa":
    "instants in arrays keep the digits that the record has; integration/types.test.ts holds them",
  "types_zoo 3 b8": "Debezium writes bits that are all 0 as no bytes",
  "types_zoo 3 d": "a date BC arrives as the one of our era",
  "types_zoo 3 ts0": JULIAN,
  "types_zoo 3 tstz0": JULIAN,
};

export const OF_SCHEMALESS_POSTGRES = {
  ...OF_POSTGRES,
  "types_zoo na": "decimals in arrays are base64 without their scale, and `columns` has no arrays",
};

export const DEFAULT_FOR_NULL =
  "NULL arrives as the column's default: replace.null.with.default is true";
