import { recordName } from "../../data/record.ts";
import { isEnvelope } from "../../decode/debezium/envelope.ts";
import type { PayloadReader } from "../../decode/format/payload-reader.ts";
import { isObject, type JsonObject } from "../../decode/value/json.ts";
import { type Finding, note, problem } from "./finding.ts";
import type { Sample } from "./rows.ts";

/** Placeholder values of PostgreSQL in the `before` of a delete, under any replica identity but FULL. */
const MADE_UP: ReadonlySet<unknown> = new Set([null, "", 0, false, "AA==", "1970-01-01T00:00:00Z"]);

/** What a table's replica identity, as its records show it, means for rows that the store never saw. */
export function checkImages(
  topic: string,
  samples: readonly Sample[],
  keys: PayloadReader,
  beforeIsComplete: boolean | undefined,
): readonly Finding[] {
  const about = `topic ${topic}`;
  const images = samples.flatMap((sample) => imageOf(sample, keys));
  const partial = images.find(({ isWhole }) => !isWhole);
  if (partial) {
    const seen = `the REPLICA IDENTITY of ${partial.table} is not FULL: ${partial.name}, ${partial.what}`;
    return beforeIsComplete
      ? [
          problem(
            about,
            `beforeImage: full is set, and ${seen}. Take it out, or ALTER TABLE ${partial.table} REPLICA IDENTITY FULL`,
          ),
        ]
      : [
          note(
            about,
            `${seen}. Rows are compared with our own store, so nothing is needed; only a row that was deleted before this pipeline saw it sends nothing (with REPLICA IDENTITY FULL and beforeImage: full it would)`,
          ),
        ];
  }
  const [whole] = images;
  if (!whole || beforeIsComplete !== undefined) return [];
  return [
    note(
      about,
      `\`before\` is whole in ${whole.name}: with REPLICA IDENTITY FULL on ${whole.table}, beforeImage: full also tells rows that were deleted before this pipeline saw them`,
    ),
  ];
}

type Image = {
  readonly name: string;
  readonly table: string;
  readonly isWhole: boolean;
  readonly what: string;
};

/** Of an update or a delete of PostgreSQL's; of other connectors it is known. */
function imageOf({ payload, event, record }: Sample, keys: PayloadReader): readonly Image[] {
  if (!isObject(payload) || !isEnvelope(payload)) return [];
  const { op, source, before } = payload;
  if (source.connector !== "postgresql" || (op !== "u" && op !== "d")) return [];
  const about = { name: recordName(record), table: event.table };
  if (!isObject(before))
    return [
      {
        ...about,
        isWhole: false,
        what: `${op === "u" ? "an update" : "a delete"}, has before: null`,
      },
    ];
  if (op === "u") return [{ ...about, isWhole: true, what: "" }];
  const madeUp = isMadeUp(before, record.key === null ? null : keys.read(record.key).payload);
  return [
    {
      ...about,
      isWhole: !madeUp,
      what: "a delete, has a `before` of made-up values beside its key",
    },
  ];
}

function isMadeUp(before: JsonObject, key: unknown): boolean {
  const others = Object.entries(before).filter(([name]) => !isObject(key) || !(name in key));
  return others.length > 0 && others.every(([, value]) => MADE_UP.has(value));
}
