import { CdcError } from "../../lib/errors.ts";
import { CONFIG, command, USAGE_EXIT_CODE } from "../command.ts";

export const recordCommand = command({
  name: "record",
  summary: "write the records of the topics as a recorded file",
  description:
    "Writes the records that the topics of all models contain now, one line of JSON each, in the form that `replay` " +
    "and `preview` read.",
  options: {
    ...CONFIG,
    limit: { value: "N", description: "stop after N records; without it, write all records" },
  },
  example: "cdc-to-segment record --config config.yaml --limit 1000 > users.ndjson",
  exitCodes: {
    0: "The records are written.",
    1: "The topics could not be read, or stdout could not be written.",
    ...USAGE_EXIT_CODE,
  },
  run: async ({ config, limit }) => {
    const { record } = await import("./record.ts");
    await record(config, limit === undefined ? Number.POSITIVE_INFINITY : countOf(limit));
  },
});

function countOf(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new CdcError("ARGUMENTS", `--limit is "${text}"; write a number of records, such as 1000`);
}
