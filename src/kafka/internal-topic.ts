import kafkajs, { type Admin } from "kafkajs";
import { systemClock } from "../lib/clock.ts";
import { CdcError } from "../lib/errors.ts";

/** `max.message.bytes` of topics that we create: a source record of Kafka's usual 1 MB fits several times over. */
export const INTERNAL_TOPIC_MAX_BYTES = 8_388_608;

/** Kafka rejects a record that is an hour ahead of the broker's clock: a machine with a wrong clock could write nothing. */
const BROKER_TIME = { "message.timestamp.type": "LogAppendTime" };

/** A created topic is listed within ten seconds. */
const LISTED_ATTEMPTS = 100;
const LISTED_EVERY_MS = 100;

/** Creates the topic if it does not exist; resolves when the brokers list it. An existing topic keeps its settings. */
export async function ensureTopic(
  admin: Admin,
  topic: string,
  numPartitions: number,
  config: { readonly [name: string]: string },
): Promise<void> {
  if ((await admin.listTopics()).includes(topic)) return;
  const configEntries = Object.entries({ ...BROKER_TIME, ...config }).map(([name, value]) => ({
    name,
    value,
  }));
  // Resolves with false if another process has created it meanwhile.
  await admin.createTopics({
    topics: [{ topic, numPartitions, replicationFactor: -1, configEntries }],
    // A KRaft broker first responds that the topic does not exist, and kafkajs treats that as a failure.
    waitForLeaders: false,
  });
  await untilListed(admin, topic);
}

/** The present values of these settings of the topic. */
export async function topicConfig(
  admin: Admin,
  topic: string,
  configNames: string[],
): Promise<ReadonlyMap<string, string>> {
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames };
  const described = await admin.describeConfigs({
    resources: [resource],
    includeSynonyms: false,
  });
  const entries = described.resources[0]?.configEntries ?? [];
  return new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
}

/** After creating a topic, a broker may need a moment to list it. */
async function untilListed(admin: Admin, topic: string): Promise<void> {
  for (let attempt = 0; attempt < LISTED_ATTEMPTS; attempt += 1) {
    if ((await admin.listTopics()).includes(topic)) return;
    await systemClock.sleep(LISTED_EVERY_MS);
  }
  throw new CdcError(
    "TOPIC_MISSING",
    `the topic ${topic} was created, but the brokers do not list it`,
  );
}
