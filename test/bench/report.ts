import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import type { Findings } from "./findings.ts";
import { goalsOf } from "./goals.ts";
import { CHANGES_A_SECOND } from "./latency.ts";
import type { Options } from "./options.ts";
import { HEAP } from "./streams.ts";
import {
  formatTable,
  goalTable,
  groupTable,
  growthTable,
  latencyTable,
  peerTable,
  profileTable,
  restoreTable,
  stageTable,
} from "./table.ts";

/** The findings as Markdown, a section per measured part. */
export function reportOf(found: Findings, { records, keys, rounds }: Options): string {
  const { output, stages, growth, groups, restore, latency, profile } = found;
  const count = (number: number) => number.toLocaleString("en");
  const about = [
    `Measured on ${new Date().toISOString().slice(0, 10)} at commit ${commit()} with \`npm run bench\`, on ${availableParallelism()} cores that broker, mock Segment server and the measured process share.`,
    `The feed has ${count(records)} records of about 700 bytes. ${count(keys)} of them are snapshot records; 40 % of the updates change no column that a sync uses.`,
    `Figures are medians of ${rounds} interleaved rounds, from the assignment to the last record.`,
  ];
  const peers = [
    "## Throughput",
    "",
    "The stateless script sends `identify` for every record and `track` for every update. cdc-to-segment and Kafka Streams",
    "keep the rows and send only changes. [The Kafka Streams program](../test/bench/kafka-streams) stores the mapped columns as JSON, where",
    "cdc-to-segment stores the whole row. It runs with one thread, at least once, a commit every second, 500 messages per batch and no record cache,",
    `its fastest configuration here, with \`-Xmx${HEAP}\` and 256 MB for RocksDB (cdc-to-segment: 96 MB).`,
  ];
  const formats = [
    "## Formats",
    "",
    "The same rows with Debezium's schema in every record (about 4,600 bytes) and as Avro (about 270 bytes).",
  ];
  const restoring = [
    "## Restore",
    "",
    "After the feed has been processed, the disk is deleted and the state is restored from the changelog.",
  ];
  const delays = [
    "## Delay",
    "",
    `From a change's timestamp in the topic to the arrival of its message, at ${count(CHANGES_A_SECOND)} changes per second.`,
  ];
  const processes = [
    "## Several processes",
    "",
    "Processes of one group on the same feed, and the share of the cores' time that stayed idle.",
  ];
  const growing = [
    "## Growing table",
    "",
    "100,000 updates at each size, evenly distributed over all rows, with one task and with 64 tasks in one process. The peak",
    "memory includes the phase that reads the new rows.",
  ];
  const staging = ["## Stages", "", "Each stage alone on one core."];
  const profiling = [
    "## Profile",
    "",
    "Time of the JavaScript thread of `run`, without changelog, with the profiler on. A package's time excludes its callbacks.",
  ];
  const aims = ["## Goals", ""];
  const several = output.some(({ format }) => format !== "schemaless");
  const goals = goalsOf(found);
  return [
    text(about),
    output.length > 0 && text(peers) + peerTable(output),
    several && text(formats) + formatTable(output),
    restore && text(restoring) + restoreTable(restore),
    latency && text(delays) + latencyTable(latency),
    groups.length > 0 && text(processes) + groupTable(groups),
    growth.length > 0 && text(growing) + growthTable(growth),
    stages.length > 0 && text(staging) + stageTable(stages),
    profile && text(profiling) + profileTable(profile),
    goals.length > 0 && text(aims) + goalTable(goals),
  ]
    .filter((part) => typeof part === "string")
    .map((part) => part.trimEnd())
    .join("\n\n");
}

/** The measured commit; `-dirty` if the work tree differs from it. */
function commit(): string {
  return execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
}

function text(lines: readonly string[]): string {
  return `${lines.join("\n").trimEnd()}\n\n`;
}
