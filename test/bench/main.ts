/**
 * `npm run bench`: ours beside what one would write by hand, on one feed, in one run, on this machine.
 * `--records N --keys N --rounds N`; `--write` puts the tables into README.md; `--only run,replay` measures some peers;
 * `--beside FOLDER` also measures the work tree there, such as the one before a change; `--profiles FOLDER` writes
 * processor profiles of our own.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startStack } from "../stack/stack.ts";
import { startWatchdog } from "../stack/watchdog.ts";
import { avroFormat, embedded, schemaless } from "./format.ts";
import { type Measured, measure } from "./measure.ts";
import { type Ground, peers } from "./peer.ts";
import { writeRecording } from "./recording.ts";
import { Segment } from "./segment.ts";
import { measureStages } from "./stages.ts";
import { formatTable, peerTable, stageTable } from "./table.ts";
import { fillTopic } from "./topic.ts";

const README = new URL("../../README.md", import.meta.url);
const [BEGIN, END] = ["<!-- bench -->", "<!-- /bench -->"];

/** What the stages are measured on: enough to be hot, little enough to be held in memory. */
const STAGE_FEED = { records: 40_000, keys: 10_000 };

type Options = {
  readonly records: number;
  readonly keys: number;
  readonly rounds: number;
  readonly only: readonly string[];
  readonly write: boolean;
  readonly beside?: string;
  readonly profiles?: string;
};

async function main(): Promise<void> {
  const options = readOptions();
  const { records, keys, rounds } = options;
  const watchdog = await startWatchdog();
  const stack = await startStack({ kafka: true, registry: true });
  try {
    const broker = stack.kafka.brokers[0] as string;
    const registryUrl = stack.registry.url;
    const recording = join(watchdog.folder, "feed.ndjson");
    console.error(`writing ${records} records to a file and to Kafka, in each format ...`);
    const messages = await writeRecording(recording, options);
    const formats = [schemaless, embedded, await avroFormat(registryUrl)];
    for (const format of formats) await fillTopic([broker], format, options);
    const segment = await Segment.start(watchdog);
    const ground = { ...options, watchdog, broker, registryUrl, segment, recording, messages };
    const results = await measurePeers(ground, options);
    const stages = await measureStages(STAGE_FEED, formats, registryUrl);
    const text = [
      `Measured on ${new Date().toISOString().slice(0, 10)} with \`npm run bench\`: ${availableParallelism()} cores shared by broker, stand-in and peer;`,
      `${records.toLocaleString("en")} records of about 700 bytes, ${keys.toLocaleString("en")} of them snapshot reads, 40 % of the updates without a change that a sync uses;`,
      `medians of ${rounds} interleaved rounds, from the assignment to the last record. The script without state sends`,
      `identify for every record and track for every update; ours keeps the rows and sends what changed.\n\n`,
    ].join("\n");
    const formatText = [
      "The same rows with Debezium's schema in every record, about 4,600 bytes, and as Avro, about 270. The goal is 80 % of",
      "the schemaless rate. Plain consuming shows what moving the bytes costs, JSON.parse of whole records what recognising",
      "the repeated schema saves.\n\n",
    ].join("\n");
    const report = `${text}${peerTable(results)}\n${formatText}${formatTable(results)}\n${stageTable(stages)}`;
    console.log(report);
    if (options.write) intoReadme(report);
  } finally {
    await stack.stop();
    await watchdog.close();
  }
}

/** Round by round, so that what else the machine does meets all of them. */
async function measurePeers(ground: Ground, { rounds, only, beside }: Options) {
  const results = peers(beside)
    .filter(({ id }) => only.length === 0 || only.includes(id))
    .map((peer) => ({
      ...peer,
      peer,
      rounds: [] as Measured[],
    }));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [i, { peer, id, name, rounds: measured }] of results.entries()) {
      const found = await measure(peer, ground, `bench-${round}-${i}`);
      measured.push(found);
      console.error(`round ${round}  ${Math.round(found.records_s)} records/s  ${id}: ${name}`);
    }
  }
  return results;
}

function intoReadme(report: string): void {
  const readme = readFileSync(README, "utf8");
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin === -1 || end < begin)
    throw new Error(`README.md has no place for the tables: add ${BEGIN} and ${END}`);
  const [before, after] = [readme.slice(0, begin + BEGIN.length), readme.slice(end)];
  writeFileSync(README, `${before}\n${report}\n${after}`);
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      records: { type: "string", default: "200000" },
      keys: { type: "string", default: "50000" },
      rounds: { type: "string", default: "3" },
      only: { type: "string", default: "" },
      beside: { type: "string" },
      profiles: { type: "string" },
      write: { type: "boolean", default: false },
    },
  });
  const count = (name: "records" | "keys" | "rounds") => {
    const number = Number(values[name]);
    if (Number.isInteger(number) && number > 0) return number;
    throw new Error(`--${name} is "${values[name]}"; write a whole number above 0`);
  };
  return {
    records: count("records"),
    keys: count("keys"),
    rounds: count("rounds"),
    only: values.only === "" ? [] : values.only.split(","),
    write: values.write,
    beside: values.beside,
    profiles: values.profiles,
  };
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.stack : error}`);
  process.exitCode = 1;
}
