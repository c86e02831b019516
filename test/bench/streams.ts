import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { glob, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory } from "../stack/cache.ts";
import { withLock } from "../stack/lock.ts";
import { run } from "../stack/run.ts";
import versions from "../stack/versions.json" with { type: "json" };
import { Child } from "./child.ts";
import { TOPICS } from "./format.ts";
import type { Ground, Peer, Running } from "./ground.ts";

const PROJECT = new URL("kafka-streams", import.meta.url).pathname;

/** As for the stack's own services; RocksDB's memory, as much as ours, comes on top. */
export const HEAP = "512m";

/** Kafka Streams with the same work, with its changelog and without. */
export const STREAMS_PEERS: readonly Peer[] = [
  streams("streams", `Kafka Streams ${versions.kafka}, RocksDB`, true),
  streams("streams-local", `Kafka Streams ${versions.kafka}, withLoggingDisabled`, false),
];

/** Builds the program by Maven, once for each of its versions, and returns its class path. */
export async function buildStreams(): Promise<string> {
  const cache = await cacheDirectory();
  const hash = createHash("sha256").update(JSON.stringify(versions));
  const sources = await Array.fromAsync(glob(["pom.xml", "src/**/*.java"], { cwd: PROJECT }));
  for (const file of sources.toSorted()) hash.update(await readFile(join(PROJECT, file)));
  const directory = join(cache, `kafka-streams-${hash.digest("hex").slice(0, 12)}`);
  await withLock(join(cache, "kafka-streams.lock"), async () => {
    if (!existsSync(directory)) await build(directory);
  });
  return [join(directory, "*"), join(directory, "lib", "*")].join(":");
}

async function build(directory: string): Promise<void> {
  console.error("bench: building the Kafka Streams peer by Maven (once)");
  const partial = `${directory}-partial`;
  await rm(partial, { recursive: true, force: true });
  await run("mvn", [
    ...["--batch-mode", "--quiet", "--file", join(PROJECT, "pom.xml")],
    ...[`-Dkafka.version=${versions.kafka}`, `-Dslf4j.version=${versions.slf4j}`],
    ...[`-DbuildDirectory=${partial}`, `-DoutputDirectory=${join(partial, "lib")}`],
    ...["-DincludeScope=runtime", "package", "dependency:copy-dependencies"],
  ]);
  await rename(partial, directory);
}

function streams(id: string, name: string, changelog: boolean): Peer {
  const messages = (ground: Ground) => ground.messages.changes;
  const start = (ground: Ground, run: string): Running => {
    const { watchdog, broker, segment, streamsPath } = ground;
    const virtualMachine = [`-Xmx${HEAP}`, "-XX:-UsePerfData", "-cp", streamsPath];
    const quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn";
    const state = join(watchdog.directory, run);
    const args = [TOPICS.schemaless, broker, run, segment.url, state, `${changelog}`];
    const temporary = `-Djava.io.tmpdir=${watchdog.directory}`;
    const all = [...virtualMachine, quiet, temporary, "bench.Main", ...args];
    const child = new Child(watchdog, all, "java");
    const started = new Promise<void>((resolve) => {
      child.lines.on("line", (line) => line === "state RUNNING" && resolve());
    });
    return { children: [child], started, ended: segment.more(messages(ground)) };
  };
  return { id, name, format: "schemaless", messages, start };
}
