/**
 * `npm run bench`: ours beside what one would write by hand, on one feed, in one run, on this machine.
 * `--records N --keys N --rounds N`; `--write` updates docs/benchmarks.md; `--only run,replay,restore` measures some
 * peers and parts; `--growth` lets a table grow as well, to 1 million rows, `--full` to 5; `--beside DIRECTORY` also measures
 * the work tree there, such as the one before a change; `--profiles DIRECTORY` writes CPU profiles of our own processes.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startStack } from "../stack/stack.ts";
import { startWatchdog } from "../stack/watchdog.ts";
import type { Findings } from "./findings.ts";
import { avroFormat, embedded, type Format, schemaless } from "./format.ts";
import type { Ground } from "./ground.ts";
import { measureGrowth } from "./growth.ts";
import { measureLatency } from "./latency.ts";
import { type Measured, measure } from "./measure.ts";
import { type Options, readOptions } from "./options.ts";
import { measureProcesses } from "./processes.ts";
import { measureProfile } from "./profile.ts";
import { writeRecording } from "./recording.ts";
import { reportOf } from "./report.ts";
import { measureRestore } from "./restore.ts";
import { Segment } from "./segment.ts";
import { measureStages } from "./stages.ts";
import { buildStreams } from "./streams.ts";
import { produceToTopic } from "./topic.ts";

const PAGE = new URL("../../docs/benchmarks.md", import.meta.url);
const [BEGIN, END] = ["<!-- bench -->", "<!-- /bench -->"];

/** What the stages are measured on: enough to be hot, little enough to be held in memory. */
const STAGE_FEED = { records: 40_000, keys: 10_000 };

async function main(): Promise<void> {
  const options = readOptions();
  const streamsPath = await buildStreams();
  const watchdog = await startWatchdog();
  const stack = await startStack({ kafka: true, registry: true });
  try {
    const broker = stack.kafka.brokers[0] as string;
    const registryUrl = stack.registry.url;
    const recording = join(watchdog.directory, "feed.ndjson");
    const formats = [schemaless, embedded, await avroFormat(registryUrl)];
    const used = formats.filter(({ id }) => options.peers.some(({ format }) => format === id));
    console.error(`writing ${options.records} records to a file and to Kafka, in each format ...`);
    const messages = await writeRecording(recording, options);
    for (const format of new Set([schemaless, ...used]))
      await produceToTopic([broker], format, options);
    const segment = await Segment.start(watchdog);
    const services = { watchdog, broker, registryUrl, segment, recording, streamsPath };
    const found = await measureAll({ ...options, ...services, messages }, options, formats);
    const report = reportOf(found, options);
    console.log(report);
    if (options.write) intoPage(report);
  } finally {
    await stack.stop();
    await watchdog.close();
  }
}

async function measureAll(
  ground: Ground,
  { peers, parts, rounds, sizes }: Options,
  formats: readonly Format[],
): Promise<Findings> {
  return {
    output: await measurePeers(ground, peers, rounds),
    restore: parts.has("restore") ? await measureRestore(ground) : undefined,
    latency: parts.has("latency") ? await measureLatency(ground) : undefined,
    groups: parts.has("processes") ? await measureProcesses(ground, rounds) : [],
    growth: parts.has("growth") ? await measureGrowth(ground, sizes) : [],
    profile: parts.has("profile") ? await measureProfile(ground) : undefined,
    stages: parts.has("stages") ? await measureStages(STAGE_FEED, formats, ground.registryUrl) : [],
  };
}

/** Round by round, so that what else the machine does meets all of them. */
async function measurePeers(ground: Ground, peers: Options["peers"], rounds: number) {
  const output = peers.map((peer) => ({ ...peer, peer, rounds: [] as Measured[] }));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [i, { peer, id, name, rounds: measured }] of output.entries()) {
      const found = await measure(peer, ground, `bench-${round}-${i}`);
      measured.push(found);
      console.error(`round ${round}  ${Math.round(found.records_s)} records/s  ${id}: ${name}`);
    }
  }
  return output;
}

function intoPage(report: string): void {
  const page = readFileSync(PAGE, "utf8");
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin === -1 || end < begin)
    throw new Error(`docs/benchmarks.md lacks the marks ${BEGIN} and ${END}`);
  const [before, after] = [page.slice(0, begin + BEGIN.length), page.slice(end)];
  writeFileSync(PAGE, `${before}\n${report}\n\n${after}`);
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.stack : error}`);
  process.exitCode = 1;
}
