import { Child } from "./child.ts";
import { type FormatId, TOPICS } from "./format.ts";
import type { Ground, Peer, Running } from "./ground.ts";
import { firstTaken, type ServiceOptions, startService } from "./service.ts";
import { STREAMS_PEERS } from "./streams.ts";

const SCRIPT = new URL("script-process.ts", import.meta.url).pathname;

/** All peers; `beside` is another work tree of ours, such as the one before a change. */
export function peers(beside?: string): readonly Peer[] {
  return [
    script("consume", "kafkajs, consume only"),
    script("parse", "kafkajs, consume + JSON.parse"),
    script("send", "kafkajs + got, 500 a batch, no state", ({ messages }) => messages.records),
    ...STREAMS_PEERS,
    ...ours(undefined, ""),
    ...(beside ? ours(beside, ` of ${beside}`) : []),
    script("consume", "kafkajs, consume only", () => 0, "embedded"),
    script("parse", "kafkajs, consume + JSON.parse", () => 0, "embedded"),
  ];
}

function ours(root: string | undefined, suffix: string): readonly Peer[] {
  const run = `cdc-to-segment run${suffix}`;
  const local = `${run}, state.changelog: false`;
  return [
    service("run", run, "schemaless", { root }),
    service("run-local", local, "schemaless", { root, changelog: false }),
    service("replay", `cdc-to-segment replay${suffix}`, "schemaless", { root }),
    service("run", run, "embedded", { root }),
    service("run", run, "avro", { root }),
  ];
}

/** A peer over another format than the first is called after both. */
function idOf(what: string, format: FormatId): string {
  return format === "schemaless" ? what : `${what}-${format}`;
}

function script(
  step: "consume" | "parse" | "send",
  name: string,
  messages: Peer["messages"] = () => 0,
  format: FormatId = "schemaless",
): Peer {
  const start = ({ watchdog, broker, segment, records }: Ground, run: string): Running => {
    const args = [SCRIPT, step, TOPICS[format], broker, run, `${records}`, segment.url];
    const child = new Child(watchdog, args);
    const reached = (moment: string) =>
      new Promise<void>((resolve) => {
        child.onMessage((message) => message.moment === moment && resolve());
      });
    return { children: [child], started: reached("start"), ended: reached("end") };
  };
  return { id: idOf(step, format), name, format, messages, start };
}

function service(
  what: "run" | "run-local" | "replay",
  name: string,
  format: FormatId,
  options: Pick<ServiceOptions, "root" | "changelog">,
): Peer {
  const messages = (ground: Ground) => ground.messages.changes;
  const start = (ground: Ground, run: string): Running => {
    const recording = what === "replay" ? ground.recording : undefined;
    const child = startService(ground, { name: run, format, recording, ...options });
    // The last record of every partition gives messages: when all have arrived, all records are done.
    return {
      children: [child],
      started: firstTaken(child),
      ended: ground.segment.more(messages(ground)),
    };
  };
  return { id: idOf(what, format), name, format, messages, start };
}
