import type { SourceRecord } from "../../data/record.ts";
import type { SchemaRegistry } from "../../decode/format/schema-registry.ts";
import { schemaIdOf } from "../../decode/format/schema-registry.ts";
import { CdcError, messageOf } from "../../lib/errors.ts";
import { counted, type Finding, ok, problem } from "./finding.ts";

/** Asked for where no record names a schema: whether the registry has it says nothing, that it answers does. */
const ANY_SCHEMA = Buffer.from([0, 0, 0, 0, 1]);

/** Reads the schemas of the records; says whether the registry answers. */
export async function checkRegistry(
  registry: SchemaRegistry,
  url: string,
  records: readonly SourceRecord[],
): Promise<Finding> {
  const about = `schema registry ${url}`;
  const ids = new Set(records.flatMap(({ key, value }) => [schemaIdOf(key), schemaIdOf(value)]));
  ids.delete(null);
  try {
    await registry.prepare(ids.size > 0 ? records : [ASKING]);
  } catch (error) {
    const code = error instanceof CdcError ? `${error.code}: ` : "";
    const todo = error instanceof CdcError ? "" : "; correct kafka.schemaRegistry, or start it";
    return problem(about, `${code}${messageOf(error)}${todo}`);
  }
  return ids.size > 0
    ? ok(about, `answers; the records looked at were written with ${counted(ids.size, "schema")}`)
    : ok(about, "answers; no record looked at needs it");
}

const ASKING: SourceRecord = {
  ...{ topic: "", partition: 0, offset: 0, timestamp: 0, headers: {} },
  ...{ key: null, value: ANY_SCHEMA },
};
