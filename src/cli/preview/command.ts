import { CONFIG, command, USAGE_EXIT_CODE } from "../command.ts";
import { RECORDED_INPUT } from "../recorded-argument.ts";

export const previewCommand = command({
  name: "preview",
  summary: "print the messages of a recorded file; send nothing",
  description:
    "Processes a recorded file with temporary state and prints each message as one line of JSON. The message ids are " +
    "those of `run`. A summary and the first dead letters go to stderr.",
  argument: RECORDED_INPUT,
  options: {
    ...CONFIG,
    "dead-letters": { value: "FILE", description: "append dead letters to this file" },
  },
  example: "cdc-to-segment preview --config config.yaml users.ndjson > messages.ndjson",
  exitCodes: {
    0: "The input is processed; dead letters do not change the exit code.",
    1: "The preview failed or was stopped before the end of the input.",
    ...USAGE_EXIT_CODE,
  },
  run: async ({ config, "dead-letters": deadLetters }, input) => {
    const { preview } = await import("./preview.ts");
    await preview(config, input, deadLetters);
  },
});
