import { CdcError } from "../../lib/errors.ts";
import { CONFIG, command, USAGE_EXIT_CODE } from "../command.ts";

export const checkCommand = command({
  name: "check",
  summary: "validate the settings; with --connect, against Kafka and Segment",
  description:
    "Validates the settings and reports all mistakes. With --connect it also checks brokers, topics, the schema " +
    "registry and the newest records, and prints one line per finding with a suggested fix. Read-only, except --canary.",
  options: {
    ...CONFIG,
    connect: { description: "check the settings against Kafka, the registry and recent records" },
    outage: {
      value: "DURATION",
      description: "longest outage that the retention of the topics has to cover",
      default: "7d",
      requires: "connect",
    },
    "show-values": {
      description: "print complete messages, row values included",
      requires: "connect",
    },
    canary: {
      description: "send one event `cdc-to-segment canary` to Segment, to see the write key work",
      requires: "connect",
    },
  },
  example: "cdc-to-segment check --config config.yaml --connect --outage 3d",
  exitCodes: {
    0: "The settings are valid; with --connect, no finding is an error.",
    1: "With --connect: at least one finding is an error.",
    ...USAGE_EXIT_CODE,
  },
  run: async ({ config, connect, canary, outage, "show-values": showValues }) => {
    const [{ check }, { duration }] = await Promise.all([
      import("./check.ts"),
      import("../../config/setting-kinds.ts"),
    ]);
    const longest = duration("0ms", "36500d").safeParse(outage);
    if (!longest.success)
      throw new CdcError(
        "ARGUMENTS",
        `--outage is "${outage}"; write a number and a unit, such as 3d`,
      );
    await check(config, connect ? { outage_ms: longest.data, canary, showValues } : null);
  },
});
