import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Watchdog } from "../stack/watchdog.ts";
import { Child } from "./child.ts";
import type { FeedMessages } from "./feed.ts";
import { type FormatId, TOPICS } from "./format.ts";
import type { Segment } from "./segment.ts";
import { settingsText } from "./settings.ts";

/** What every peer works on. */
export type Ground = {
  readonly watchdog: Watchdog;
  readonly broker: string;
  readonly registryUrl: string;
  readonly segment: Segment;
  readonly recording: string;
  readonly records: number;
  readonly messages: FeedMessages;
  /** Folder for processor profiles of our own peers; none are made without it. */
  readonly profiles?: string;
};

/** A running peer: its process, and the two moments between which it is measured. */
export type Running = {
  readonly child: Child;
  /** Its partitions are assigned and nothing is fetched yet. */
  readonly started: Promise<void>;
  /** Everything is done: seen, or where the peer sends, answered. */
  readonly ended: Promise<void>;
};

export type Peer = {
  readonly id: string;
  readonly name: string;
  readonly format: FormatId;
  readonly messages: (ground: Ground) => number;
  /** `run` is a name that no earlier run had. */
  readonly start: (ground: Ground, run: string) => Running;
};

const SCRIPT = new URL("script-process.ts", import.meta.url).pathname;
const ROOT = new URL("../..", import.meta.url).pathname;

/** All peers; `beside` is another work tree of ours, such as the one before a change. */
export function peers(beside?: string): readonly Peer[] {
  return [
    script("consume", "kafkajs, consume only"),
    script("parse", "kafkajs, consume + JSON.parse"),
    script("send", "kafkajs + got, 500 a batch, no state", ({ messages }) => messages.records),
    ...ours(ROOT, ""),
    ...(beside ? ours(beside, ` of ${beside}`) : []),
    script("consume", "kafkajs, consume only", () => 0, "embedded"),
    script("parse", "kafkajs, consume + JSON.parse", () => 0, "embedded"),
  ];
}

function ours(root: string, suffix: string): readonly Peer[] {
  const run = `cdc-to-segment run${suffix}`;
  return [
    command(root, "run", run, "schemaless"),
    {
      ...command(root, "run", `${run}, state.changelog: false`, "schemaless", false),
      id: "run-local",
    },
    command(root, "replay", `cdc-to-segment replay${suffix}`, "schemaless"),
    command(root, "run", run, "embedded"),
    command(root, "run", run, "avro"),
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
    const at = (moment: string) =>
      new Promise<void>((resolve) => {
        child.onMessage((message) => message.at === moment && resolve());
      });
    return { child, started: at("start"), ended: at("end") };
  };
  return { id: idOf(step, format), name, format, messages, start };
}

function command(
  root: string,
  verb: "run" | "replay",
  name: string,
  format: FormatId,
  changelog = true,
): Peer {
  const messages = (ground: Ground) => ground.messages.changes;
  const start = (ground: Ground, run: string): Running => {
    const { watchdog, broker, registryUrl, segment, profiles, recording } = ground;
    const config = join(watchdog.folder, `${run}.yaml`);
    const state = join(watchdog.folder, run);
    const { url } = segment;
    const settings = settingsText({
      name: run,
      format,
      broker,
      registryUrl,
      url,
      state,
      changelog,
    });
    writeFileSync(config, settings);
    const profiling = profiles ? ["--cpu-prof", `--cpu-prof-dir=${profiles}`] : [];
    const input = verb === "replay" ? [recording] : [];
    const program = join(root, "src/main.ts");
    const child = new Child(watchdog, [...profiling, program, verb, "--config", config, ...input]);
    // The last record of every partition gives messages: when all have arrived, all records are done.
    const ended = segment.more(messages(ground));
    const started = new Promise<void>((resolve) => {
      child.lines.on("line", (line) => line.includes('"partition taken"') && resolve());
    });
    return { child, started, ended };
  };
  return { id: idOf(verb, format), name, format, messages, start };
}
