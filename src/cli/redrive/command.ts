import { CONFIG, command, USAGE_EXIT_CODE } from "../command.ts";

export const redriveCommand = command({
  name: "redrive",
  summary: "resend dead letters",
  description:
    "Processes dead letters again after their cause is fixed, with the state of the service and the original message " +
    "ids. Stop the service first. Without INPUT it reads the dead letters of the topic since the last redrive.",
  argument: {
    name: "INPUT",
    description: "a dead-letter file of `replay`; without it, the dead letter topic",
    isRequired: false,
  },
  options: {
    ...CONFIG,
    outdated: { description: "also send messages whose row has a newer state" },
    "dry-run": { description: "print the messages; send and store nothing" },
  },
  example: "cdc-to-segment redrive --config config.yaml --dry-run",
  exitCodes: {
    0: "All dead letters are processed; some may be dead letters again.",
    1: "The redrive failed or was stopped before the end; the next one starts at the same dead letter.",
    ...USAGE_EXIT_CODE,
  },
  run: async ({ config, outdated, "dry-run": dryRun }, input) => {
    const { redrive } = await import("./redrive.ts");
    await redrive(config, { input, outdated, dryRun });
  },
});
