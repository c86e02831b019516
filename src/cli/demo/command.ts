import { command, USAGE_EXIT_CODE } from "../command.ts";

export const demoCommand = command({
  name: "demo",
  summary: "process a recorded feed into a local mock Segment server",
  description:
    "Processes recorded changes of a real PostgreSQL database into a mock Segment server on loopback, with the status " +
    "page. On a terminal the page stays until Ctrl+C. Needs no other service.",
  options: {},
  example: "cdc-to-segment demo",
  exitCodes: { 0: "The feed is processed.", 1: "The demo failed.", ...USAGE_EXIT_CODE },
  run: async () => {
    const { demo } = await import("./demo.ts");
    await demo();
  },
});
