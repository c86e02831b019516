import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Real, type Value } from "../../../src/data/row.ts";
import type { CdcError } from "../../../src/lib/errors.ts";
import { timestampOf } from "../../../src/map/timestamp.ts";

const s = suite("map: timestamps from columns");

// 19,723 days, or 1,704,067,200 seconds, after 1970.
const NEW_YEAR = "2024-01-01T00:00:00.000Z";

const READ: readonly (readonly [value: Value, iso: string])[] = [
  ["2024-01-01T00:00:00Z", NEW_YEAR],
  ["2024-01-01T00:00:00.123456Z", "2024-01-01T00:00:00.123Z"],
  ["2024-01-01T02:00:00+02:00", NEW_YEAR],
  ["2024-01-01T02:00:00+0200", NEW_YEAR],
  ["2024-01-01 02:00:00+02", NEW_YEAR],
  ["2024-01-01 00:00:00", NEW_YEAR],
  ["2024-01-01T00:00", NEW_YEAR],
  ["2024-01-01", NEW_YEAR],
  ["2024-01-01Z", NEW_YEAR],
  [" 2024-01-01 ", NEW_YEAR],
  ["1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"],
  [19_723, NEW_YEAR],
  [1_704_067_200, NEW_YEAR],
  [1_704_067_200_123, "2024-01-01T00:00:00.123Z"],
  [1_704_067_200_123_456, "2024-01-01T00:00:00.123Z"],
  [1_704_067_200_123_456_789n, "2024-01-01T00:00:00.123Z"],
  ["1704067200", NEW_YEAR],
  ["1704067200123", "2024-01-01T00:00:00.123Z"],
  [1_704_067_200.5, "2024-01-01T00:00:00.500Z"],
  [new Real("1704067200"), NEW_YEAR],
  [-1_000_000_000, "1938-04-24T22:13:20.000Z"],
];

for (const [value, iso] of READ) {
  s(
    `should read ${typeof value === "object" ? "1704067200.0" : `${typeof value} ${value}`}`,
    () => {
      assert.is(timestampOf("at", value), iso);
    },
  );
}

const REFUSED: readonly Value[] = [
  "yesterday",
  "",
  "12:34:56",
  "infinity",
  "-infinity",
  "2024-13-01",
  "2024-01-01T25:00:00Z",
  "01/02/2024",
  true,
  [1],
  { due: 1 },
  { toString: null, valueOf: null },
  10n ** 30n,
];

for (const value of REFUSED) {
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  s(`should reject ${typeof value} ${text}, naming the column`, () => {
    assert.throws(
      () => timestampOf("seen_at", value),
      (error: CdcError) =>
        error.code === "UNREADABLE_TIMESTAMP" &&
        error.consequence === "dead-letter" &&
        error.message.includes('"seen_at"') &&
        error.details?.includes(text) === true,
    );
  });
}

s.run();
