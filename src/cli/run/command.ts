import { CONFIG, command, USAGE_EXIT_CODE } from "../command.ts";

export const runCommand = command({
  name: "run",
  summary: "run the service: Kafka in, Segment out, until SIGTERM",
  description:
    "Reads the topics of all models from Kafka and sends messages to Segment until SIGTERM or SIGINT. Processes with " +
    "the same settings, each with a state directory of its own, share the partitions.",
  options: {
    ...CONFIG,
    rebuild: {
      description:
        "rebuild partitions whose state or records are lost from their topics, for this start only",
    },
  },
  example: "SEGMENT_WRITE_KEY=KEY cdc-to-segment run --config config.yaml",
  exitCodes: {
    0: "Stopped by SIGTERM or SIGINT.",
    1: "The run failed; the last log line has the error code. The next start continues from the last checkpoint.",
    ...USAGE_EXIT_CODE,
  },
  run: async ({ config, rebuild }) => {
    const { run } = await import("./run.ts");
    await run(config, rebuild);
  },
});
