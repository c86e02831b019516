import { randomUUID } from "node:crypto";
import type { Settings } from "../../config/settings.ts";
import { actionFor } from "../../deliver/response.ts";
import { REGIONS } from "../../deliver/segment-client.ts";
import { segmentOf } from "../segment.ts";
import { type Finding, note, problem } from "./finding.ts";

const EVENT = "cdc-to-segment canary";
const ANONYMOUS_ID = "cdc-to-segment-canary";

/** What cannot be known of a write key without looking at Segment. */
export function unknownWriteKey({ segment }: Settings): Finding {
  return note(
    `Segment at ${segment.url ?? REGIONS[segment.region]}`,
    "whether the write key is right cannot be known from here: Segment answers 200 to a wrong one too, and drops the events. Send one with --canary and look for it",
  );
}

/** Sends one marked event, once; says where to look for it. */
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
    const said = actionFor(await client.send([JSON.stringify(message)], signal), Date.now());
    if (said.kind === "stop") return problem(about, `${said.error.code}: ${said.error.message}`);
    if (said.kind !== "delivered")
      return problem(about, `the canary was not taken: ${said.reason}; nothing was sent again`);
    return note(
      about,
      `took one track event "${EVENT}" of anonymousId ${ANONYMOUS_ID}, messageId ${messageId}. It answers so to a wrong write key too: look for it within a minute in Segment under Connections, Sources, your source, Debugger. Where it does not appear, segment.writeKey or region is another's`,
    );
  } finally {
    client.close();
  }
}
