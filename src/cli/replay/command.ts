import { CONFIG, command, USAGE_EXIT_CODE } from "../command.ts";
import { RECORDED_INPUT } from "../recorded-argument.ts";

export const replayCommand = command({
  name: "replay",
  summary: "send the messages of a recorded file instead of Kafka",
  description:
    "Processes a recorded file like `run` processes Kafka, with a state of its own and the same message ids. A second " +
    "replay of the same input continues where the first one stopped.",
  argument: RECORDED_INPUT,
  options: CONFIG,
  example: "zcat users.ndjson.gz | cdc-to-segment replay --config config.yaml -",
  exitCodes: {
    0: "All messages of the input are delivered.",
    1: "The replay failed or was stopped before the end of the input.",
    ...USAGE_EXIT_CODE,
  },
  run: async ({ config }, input) => {
    const { replay } = await import("./replay.ts");
    await replay(config, input);
  },
});
