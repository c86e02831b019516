import { CdcError } from "../../lib/errors.ts";
import { CONFIG, command, USAGE_EXIT_CODE } from "../command.ts";

export const explainCommand = command({
  name: "explain",
  summary: "print why a row produced a message, or none",
  description:
    "Prints the stored state of a row, its last message in each sync and, with --record, what a record would do. Asks " +
    "the `run` of this machine; if none responds, reads the state directory. Read-only. A key is 7, '\"a\"', " +
    '\'["org1",7]\' or \'{"org":"org1","id":7}\'.',
  options: {
    ...CONFIG,
    model: { value: "NAME", description: "the model that the row belongs to", isRequired: true },
    key: { value: "JSON", description: "the key of the row; not needed with --record" },
    record: {
      value: "FILE",
      description:
        "a file with one recorded line, or - for standard input; sufficient without --key",
    },
    json: { description: "print JSON instead of text" },
    "show-values": { description: "print row values" },
  },
  example: "cdc-to-segment explain --config config.yaml --model users --key 7",
  exitCodes: {
    0: "The explanation is printed.",
    1: "There is no state to read, or it could not be read.",
    ...USAGE_EXIT_CODE,
  },
  run: async ({ config, model, key = null, record = null, json, "show-values": showValues }) => {
    if (key === null && record === null)
      throw new CdcError(
        "ARGUMENTS",
        "explain needs --key JSON, or --record FILE with a record of the row",
      );
    const { explain } = await import("./explain.ts");
    await explain(config, { model, key, record, json, showValues });
  },
});
