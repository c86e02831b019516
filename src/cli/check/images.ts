import { recordName } from "../../data/record.ts";
import { isEnvelope } from "../../decode/debezium/envelope.ts";
import type { PayloadReader } from "../../decode/format/payload-reader.ts";
import { isObject, type JsonObject } from "../../decode/value/json.ts";
import { type Finding, note, problem } from "./finding.ts";
import type { Sample } from "./rows.ts";

/** Placeholder values of PostgreSQL in the `before` of a delete, under any replica identity but FULL. */
const PLACEHOLDERS: ReadonlySet<unknown> = new Set([
  null,
  "",
  0,
  false,
  "AA==",
  "1970-01-01T00:00:00Z",
]);

/** The effect of a table's replica identity, as its records show it, on rows that the store has never seen. */
export function checkImages(
  topic: string,
  samples: readonly Sample[],
  keys: PayloadReader,
  beforeIsComplete: boolean | undefined,
): readonly Finding[] {
  const about = `topic ${topic}`;
  const images = samples.flatMap((sample) => imageOf(sample, keys));
  const partial = images.find(({ isComplete }) => !isComplete);
  if (partial) {
    const seen = `the REPLICA IDENTITY of ${partial.table} is not FULL: ${partial.name}, ${partial.what}`;
    return beforeIsComplete
      ? [
          problem(
            about,
            `beforeImage: full is set, and ${seen}. Remove it, or ALTER TABLE ${partial.table} REPLICA IDENTITY FULL`,
          ),
        ]
      : [
          note(
            about,
            `${seen}. Rows are compared with our own store, so no change is needed; only the delete of a row that this pipeline has never seen sends nothing (with REPLICA IDENTITY FULL and beforeImage: full it would)`,
          ),
        ];
  }
  const [complete] = images;
  if (!complete || beforeIsComplete !== undefined) return [];
  return [
    note(
      about,
      `\`before\` is complete in ${complete.name}: with REPLICA IDENTITY FULL on ${complete.table}, beforeImage: full also sends deletes of rows that this pipeline has never seen`,
    ),
  ];
}

type Image = {
  readonly name: string;
  readonly table: string;
  readonly isComplete: boolean;
  readonly what: string;
};

/** Of an update or delete from PostgreSQL; the images of other connectors are known. */
function imageOf({ payload, event, record }: Sample, keys: PayloadReader): readonly Image[] {
  if (!isObject(payload) || !isEnvelope(payload)) return [];
  const { op, source, before } = payload;
  if (source.connector !== "postgresql" || (op !== "u" && op !== "d")) return [];
  const about = { name: recordName(record), table: event.table };
  if (!isObject(before))
    return [
      {
        ...about,
        isComplete: false,
        what: `${op === "u" ? "an update" : "a delete"}, has before: null`,
      },
    ];
  if (op === "u") return [{ ...about, isComplete: true, what: "" }];
  const hasPlaceholders = hasOnlyPlaceholders(
    before,
    record.key === null ? null : keys.read(record.key).payload,
  );
  return [
    {
      ...about,
      isComplete: !hasPlaceholders,
      what: "a delete, has a `before` with placeholders for all columns but the key",
    },
  ];
}

function hasOnlyPlaceholders(before: JsonObject, key: unknown): boolean {
  const others = Object.entries(before).filter(([name]) => !isObject(key) || !(name in key));
  return others.length > 0 && others.every(([, value]) => PLACEHOLDERS.has(value));
}
