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

/** What was found, as Markdown; nothing of the parts that were left out. */
export function reportOf(found: Findings, { records, keys, rounds }: Options): string {
  const { output, stages, growth, groups, restore, latency, profile } = found;
  const count = (number: number) => number.toLocaleString("en");
  const about = [
    `Measured on ${new Date().toISOString().slice(0, 10)} with \`npm run bench\`: ${availableParallelism()} cores shared by broker, stand-in and peer;`,
    `${count(records)} records of about 700 bytes, ${count(keys)} of them snapshot reads, 40 % of the updates without a change that a sync uses;`,
    `medians of ${rounds} interleaved rounds, from the assignment to the last record.`,
  ];
  const peers = [
    "The script without state sends identify for every record and track for every update; ours and Kafka Streams keep the",
    "rows and send what changed. [Kafka Streams](test/bench/kafka-streams) stores the mapped columns as JSON (ours: the whole",
    "row), at least once, with a commit a second, one thread, 500 messages a batch and no record cache, which is where it is",
    `fastest here; \`-Xmx${HEAP}\`, 256 MB for RocksDB (ours: 96); Jackson binds only the fields in use.`,
  ];
  const formats = [
    "The same rows with Debezium's schema in every record, about 4,600 bytes, and as Avro, about 270. Plain consuming shows",
    "what moving the bytes costs, JSON.parse of whole records what recognising the repeated schema saves.",
  ];
  const restoring = [
    "Restore: after the feed was processed the disk is taken away, and the state comes back from the changelog.",
  ];
  const delays = [
    `Delay, from a change's timestamp in the topic to the arrival of its message, at ${count(CHANGES_A_SECOND)} changes a second.`,
  ];
  const processes = [
    "Processes of one group over the same feed, and the part of the cores' time that all together left idle.",
  ];
  const growing = [
    "A table that grows, one task and 64 of one process: 100,000 updates at each size, rows of all ages alike. Memory is that of",
    "the whole process, reading the new rows included.",
  ];
  const profiling = [
    "Where the time goes of the one thread that runs all JavaScript of `run`, without changelog, with the profiler on: what",
    "cannot be reached above is here. A package's time is without what it calls back.",
  ];
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
    stages.length > 0 && stageTable(stages),
    profile && text(profiling) + profileTable(profile),
    goals.length > 0 && goalTable(goals),
  ]
    .filter((part) => typeof part === "string")
    .map((part) => part.trimEnd())
    .join("\n\n");
}

function text(lines: readonly string[]): string {
  return `${lines.join("\n")}\n\n`;
}
