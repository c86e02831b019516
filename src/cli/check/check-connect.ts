import type { Settings } from "../../config/settings.ts";
import type { SourceRecord } from "../../data/record.ts";
import { Decoder } from "../../decode/decoder.ts";
import { PayloadReader } from "../../decode/format/payload-reader.ts";
import { registryOf, type SchemaRegistry } from "../../decode/format/schema-registry.ts";
import { kafkaClient } from "../../kafka/kafka-client.ts";
import { KafkaSource } from "../../kafka/kafka-source.ts";
import { systemClock } from "../../lib/clock.ts";
import { noopLogger } from "../../lib/logger.ts";
import { type TopicTopology, Topology } from "../../topology/topology.ts";
import { deleteGroup, type KafkaAccess, kafkaAccess } from "../kafka-access.ts";
import { checkBrokers, checkGroup } from "./brokers.ts";
import { checkDefaults } from "./defaults.ts";
import { checkEncoded } from "./encoded.ts";
import type { Finding } from "./finding.ts";
import { checkImages } from "./images.ts";
import { checkInternalTopics } from "./internal-topics.ts";
import { kafkaProblem } from "./kafka-error.ts";
import { checkMessages } from "./messages.ts";
import { checkNames } from "./named-columns.ts";
import { checkRegistry } from "./registry.ts";
import { readRows } from "./rows.ts";
import { sampleRecords } from "./sample-records.ts";
import { checkTopic, findTopics } from "./topics.ts";
import { sendCanary, unknownWriteKey } from "./write-key.ts";

export type ConnectOptions = {
  /** The longest time that the pipeline may be stopped: topics must retain their records for longer. */
  readonly outage_ms: number;
  /** Whether one marked event is sent to Segment. Nothing else is. */
  readonly canary: boolean;
  /** Whether row values are shown, not only column names. */
  readonly showValues: boolean;
};

/** A registry that does not respond within this time is a finding. */
const REGISTRY_TIMEOUT_MS = 10_000;

type Samples = ReadonlyMap<string, readonly SourceRecord[]>;

/**
 * Checks the settings against the systems that they name, in this order: brokers, topics, the last records of each,
 * registry, the messages that the syncs make of them, internal topics, Segment.
 */
export async function checkConnect(
  settings: Settings,
  options: ConnectOptions,
): Promise<readonly Finding[]> {
  const access = kafkaAccess(settings, "check --connect");
  const topology = new Topology(settings);
  const findings: Finding[] = [];
  const admin = kafkaClient(access.connection, noopLogger).admin();
  try {
    const brokers = await checkBrokers(admin, access);
    findings.push(...brokers);
    const isReached = brokers.every(({ level }) => level === "ok");
    let samples: Samples = new Map();
    if (isReached) {
      const topics = await findTopics(admin, topology.topics);
      findings.push(await checkGroup(admin, access.groupId), ...topics.findings);
      for (const topic of topics.found)
        findings.push(...(await checkTopic(admin, topic, options.outage_ms)));
      const last = await lastRecords(settings, topics.found);
      samples = last.samples;
      findings.push(...last.findings);
    }
    const registry = await registryWith(settings, samples);
    findings.push(...registry.findings);
    for (const [topic, records] of samples) {
      const topicTopology = topology.get(topic);
      if (topicTopology)
        findings.push(...checkRows(topicTopology, records, registry.registry, options.showValues));
    }
    if (isReached)
      findings.push(...(await checkInternalTopics(admin, settings, [...samples.keys()])));
  } catch (error) {
    findings.push(kafkaProblem("Kafka", "Describe on the cluster", error));
  } finally {
    await admin.disconnect().catch(() => {});
  }
  findings.push(options.canary ? await sendCanary(settings) : unknownWriteKey(settings));
  return findings;
}

/** The last records of each topic, read in a group of its own: the service's group offsets stay as they are. */
async function lastRecords(
  settings: Settings,
  topics: readonly string[],
): Promise<{ readonly samples: Samples; readonly findings: readonly Finding[] }> {
  const none = new Map<string, readonly SourceRecord[]>(topics.map((topic) => [topic, []]));
  if (topics.length === 0) return { samples: none, findings: [] };
  const { connection, groupId }: KafkaAccess = kafkaAccess(settings, "check --connect", "check");
  const source = new KafkaSource({ kafka: connection, groupId, topics, log: noopLogger });
  try {
    const samples = await sampleRecords(source);
    return { samples: new Map([...none, ...samples]), findings: [] };
  } catch (error) {
    const permission = `Read on the topics, and on a group "${groupId}" (by its prefix)`;
    return { samples: none, findings: [kafkaProblem("reading", permission, error)] };
  } finally {
    await deleteGroup(connection, groupId);
  }
}

async function registryWith(settings: Settings, samples: Samples) {
  const { schemaRegistry } = settings.kafka ?? {};
  const stop = AbortSignal.timeout(REGISTRY_TIMEOUT_MS);
  const registry = registryOf(schemaRegistry, { clock: systemClock, logger: noopLogger, stop });
  if (registry === null || !schemaRegistry) return { registry, findings: [] };
  const records = [...samples.values()].flat();
  return { registry, findings: [await checkRegistry(registry, schemaRegistry.url, records)] };
}

function checkRows(
  topicTopology: TopicTopology,
  records: readonly SourceRecord[],
  registry: SchemaRegistry | null,
  showValues: boolean,
): readonly Finding[] {
  const { topic, format, models } = topicTopology;
  const reader = new PayloadReader(registry);
  const decoder = new Decoder(format, registry);
  const { samples, findings } = readRows(topic, records, decoder, reader, showValues);
  return [
    ...findings,
    ...checkNames(topicTopology, samples),
    ...models.flatMap((model) => checkMessages(model, samples, showValues)),
    ...checkEncoded(topicTopology, samples),
    ...checkDefaults(topic, samples),
    ...checkImages(topic, samples, reader, format.beforeIsComplete),
  ];
}
