import kafkajs, { type Admin } from "kafkajs";
import { systemClock } from "../lib/clock.ts";
import { CdcError } from "../lib/errors.ts";

/**
 * What we ask for where a topic is made by us: a source record of Kafka's usual 1 MB fits several times over, with its
 * reason, or as a row.
 */
export const OWN_TOPIC_MAX_BYTES = 8_388_608;

/**
 * The broker's time, not ours: Kafka refuses a record that is an hour ahead of it, and a machine whose clock is wrong
 * could write nothing.
 */
const TIMES = { "message.timestamp.type": "LogAppendTime" };

/** A topic that was made is listed within ten seconds, or something is wrong. */
const LISTED_TRIES = 100;
const LISTED_EVERY_MS = 100;

/** Makes the topic if it is absent; resolves when the brokers list it. An existing one keeps its own settings. */
export async function ensureTopic(
  admin: Admin,
  topic: string,
  numPartitions: number,
  config: { readonly [name: string]: string },
): Promise<void> {
  if ((await admin.listTopics()).includes(topic)) return;
  const configEntries = Object.entries({ ...TIMES, ...config }).map(([name, value]) => ({
    name,
    value,
  }));
  // Resolves with false where another process was faster: that is as good.
  await admin.createTopics({
    topics: [{ topic, numPartitions, replicationFactor: -1, configEntries }],
    // kafkajs takes the first answer of a KRaft broker, that there is no such topic yet, for a failure.
    waitForLeaders: false,
  });
  await untilListed(admin, topic);
}

/** What the topic's settings of these names are now. */
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

/** A broker that made a topic may need a moment to know it. */
async function untilListed(admin: Admin, topic: string): Promise<void> {
  for (let tries = 0; tries < LISTED_TRIES; tries += 1) {
    if ((await admin.listTopics()).includes(topic)) return;
    await systemClock.sleep(LISTED_EVERY_MS);
  }
  throw new CdcError(
    "TOPIC_MISSING",
    `the topic ${topic} was made, and the brokers do not list it`,
  );
}
