import { randomUUID } from "node:crypto";
import type { Settings } from "../../config/settings.ts";
import { actionFor } from "../../deliver/response.ts";
import { REGIONS } from "../../deliver/segment-client.ts";
import { segmentOf } from "../segment.ts";
import { type Finding, note, problem } from "./finding.ts";

const EVENT = "cdc-to-segment canary";
const ANONYMOUS_ID = "cdc-to-segment-canary";

/** A wrong write key is visible only in Segment. */
export function unknownWriteKey({ segment }: Settings): Finding {
  return note(
    `Segment at ${segment.url ?? REGIONS[segment.region]}`,
    "the write key cannot be checked: Segment responds 200 to a wrong one too and drops the events. Send an event with --canary and look for it in Segment",
  );
}

/** Sends one marked event, once; the finding says where to find it. */
export async function sendCanary({ name, segment }: Settings): Promise<Finding> {
  const about = `Segment at ${segment.url ?? REGIONS[segment.region]}`;
  const messageId = `${ANONYMOUS_ID}-${randomUUID()}`;
  const message = {
    ...{ type: "track", event: EVENT, anonymousId: ANONYMOUS_ID, messageId },
    ...{ timestamp: new Date().toISOString(), properties: { pipeline: name } },
  };
  const client = segmentOf(segment);
  try {
    const signal = AbortSignal.timeout(segment.timeout);
    const action = actionFor(await client.send([JSON.stringify(message)], signal), Date.now());
    if (action.kind === "stop")
      return problem(about, `${action.error.code}: ${action.error.message}`);
    if (action.kind !== "delivered")
      return problem(
        about,
        `the canary event was not accepted: ${action.reason}; it was not retried`,
      );
    return note(
      about,
      `accepted one track event "${EVENT}" of anonymousId ${ANONYMOUS_ID}, messageId ${messageId}. Segment accepts a wrong write key too: look for the event within a minute in Segment under Connections, Sources, your source, Debugger. If it does not appear, segment.writeKey or segment.region belongs to another source`,
    );
  } finally {
    client.close();
  }
}
