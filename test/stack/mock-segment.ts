import { MockSegment, type ReceivedMessage } from "../../src/cli/demo/mock-segment.ts";

/** Prints a message on one line: what a person watching wants to see arrive. */
export function printMessage(message: ReceivedMessage): void {
  const { type, event, userId, anonymousId, traits, properties } = message;
  const what = [type, event].filter(Boolean).join(" ");
  console.log(`${what} ${userId ?? anonymousId} ${JSON.stringify(traits ?? properties ?? {})}`);
}

// docker-compose.yml runs this file; there the port has to be reachable from other containers.
if (import.meta.main) {
  const port = Number(process.env.PORT ?? 18080);
  await MockSegment.start({ host: process.env.HOST, port, onMessage: printMessage });
  console.error(`mock Segment server on port ${port}`);
}
