import type { SourceRecord } from "../../data/record.ts";
import type { SchemaRegistry } from "../../decode/format/schema-registry.ts";
import { schemaIdOf } from "../../decode/format/schema-registry.ts";
import { CdcError, messageOf } from "../../lib/errors.ts";
import { counted, type Finding, ok, problem } from "./finding.ts";

/** Queried if no record names a schema: any response shows that the registry is available. */
const ANY_SCHEMA = Buffer.from([0, 0, 0, 0, 1]);

/** Whether the registry responds, and has the schemas of the records. */
export async function checkRegistry(
  registry: SchemaRegistry,
  url: string,
  records: readonly SourceRecord[],
): Promise<Finding> {
  const about = `schema registry ${url}`;
  const ids = new Set(records.flatMap(({ key, value }) => [schemaIdOf(key), schemaIdOf(value)]));
  ids.delete(null);
  try {
    await registry.prepare(ids.size > 0 ? records : [ANY_RECORD]);
  } catch (error) {
    const code = error instanceof CdcError ? `${error.code}: ` : "";
    const action = error instanceof CdcError ? "" : "; correct kafka.schemaRegistry, or start it";
    return problem(about, `${code}${messageOf(error)}${action}`);
  }
  return ids.size > 0
    ? ok(about, `responds; the sampled records use ${counted(ids.size, "schema")}`)
    : ok(about, "responds; no sampled record needs it");
}

const ANY_RECORD: SourceRecord = {
  ...{ topic: "", partition: 0, offset: 0, timestamp: 0, headers: {} },
  ...{ key: null, value: ANY_SCHEMA },
};
