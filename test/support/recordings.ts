import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { SourceRecord } from "../../src/data/record.ts";
import { parseRecordedLine } from "../../src/data/recorded-line.ts";
import { type Connector, documented } from "./documented.ts";
import type { Registered } from "./fake-registry.ts";

const DIRECTORY = new URL("../fixtures/", import.meta.url);
const DOCUMENTED: readonly string[] = ["mongodb", "oracle", "sqlserver", "vitess"];

/**
 * The records of a fixture, or of a connector by its documentation, apart by their topics: most records of a fixture
 * are of transactions, and a test that draws some wants the tables.
 */
export function recordedTopics(name: string): readonly (readonly SourceRecord[])[] {
  const records = DOCUMENTED.includes(name)
    ? documented(name as Connector)
    : lines(`${name}/records.ndjson.gz`);
  return [...Map.groupBy(records, ({ topic }) => topic).values()];
}

/** The Avro schemas of `pg-avro` by their ids, for a registry. */
export function recordedSchemas(): ReadonlyMap<number, Registered> {
  const schemas: { [id: string]: object } = JSON.parse(unzipped("pg-avro/schemas.json.gz"));
  return new Map(
    Object.entries(schemas).map(([id, schema]) => [Number(id), { schema: JSON.stringify(schema) }]),
  );
}

function lines(path: string): readonly SourceRecord[] {
  const all = unzipped(path).trimEnd().split("\n");
  return all.map((line, i) => parseRecordedLine(Buffer.from(line), i + 1));
}

function unzipped(path: string): string {
  return gunzipSync(readFileSync(new URL(path, DIRECTORY))).toString("utf8");
}
