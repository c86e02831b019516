import type { RowEvent } from "../../data/event.ts";
import { type RecordFormat, recordName, type SourceRecord } from "../../data/record.ts";
import type { Decoder } from "../../decode/decoder.ts";
import type { PayloadReader } from "../../decode/format/payload-reader.ts";
import type { Json } from "../../decode/value/json.ts";
import type { ConnectSchema } from "../../decode/value/logical-types.ts";
import { CdcError, messageOf, messageWithDetails } from "../../lib/errors.ts";
import { counted, type Finding, note, ok, problem } from "./finding.ts";

/** A record of a row, encoded and decoded. */
export type Sample = {
  readonly record: SourceRecord;
  readonly event: RowEvent;
  readonly payload: Json;
  readonly schema: ConnectSchema | null;
  readonly format: RecordFormat;
};

/** Decodes a topic's last records, newest first; one finding for each kind of failure. */
export function readRows(
  topic: string,
  records: readonly SourceRecord[],
  decoder: Decoder,
  reader: PayloadReader,
  showValues: boolean,
): { readonly samples: readonly Sample[]; readonly findings: readonly Finding[] } {
  const about = `topic ${topic}`;
  if (records.length === 0)
    return {
      samples: [],
      findings: [note(about, "has no records to check the mapping with; repeat the check later")],
    };
  const samples: Sample[] = [];
  const failures: { readonly name: string; readonly code: string; readonly text: string }[] = [];
  for (const record of records) {
    try {
      const event = decoder.decode(record);
      if (event.kind !== "row" || record.value === null) continue;
      const { payload, schema, format } = reader.read(record.value);
      samples.push({ record, event, payload, schema, format });
    } catch (error) {
      const code = error instanceof CdcError ? error.code : "UNKNOWN_SHAPE";
      const text = showValues ? messageWithDetails(error) : messageOf(error);
      failures.push({ name: recordName(record), code, text });
    }
  }
  const findings = [...Map.groupBy(failures, ({ code }) => code).values()].map((alike) => {
    const [{ name, code, text } = { name: "", code: "", text: "" }] = alike;
    const of = `${alike.length} of the last ${counted(records.length, "record")}`;
    return problem(about, `${name} would be a dead letter, ${code}: ${text} (${of})`);
  });
  const shown = newestRows(samples).map(({ record, event }) =>
    ok(
      `record ${recordName(record)}`,
      `a row of ${event.table} with ${columnsOf(event).join(", ")}`,
    ),
  );
  if (shown.length === 0 && findings.length === 0)
    shown.push(note(about, `none of its last ${counted(records.length, "record")} is a row`));
  return { samples, findings: [...shown, ...findings] };
}

/** The newest row of each table. */
export function newestRows(samples: readonly Sample[]): readonly Sample[] {
  const rows = samples.filter(({ event }) => event.row !== null);
  return [...Map.groupBy(rows, ({ event }) => event.table).values()].flatMap(([first]) =>
    first ? [first] : [],
  );
}

/** The columns of a row, unavailable ones included. */
export function columnsOf({ row, unavailable }: RowEvent): readonly string[] {
  return [...Object.keys(row ?? {}), ...unavailable];
}
