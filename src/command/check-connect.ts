import { systemClock } from "../clock.ts";
import type { Settings } from "../config/settings.ts";
import { Decoder } from "../decode/decoder.ts";
import { registryOf, type SchemaRegistry } from "../decode/schema-registry.ts";
import { messageOf } from "../errors.ts";
import type { RowEvent } from "../event.ts";
import { recordName, type SourceRecord } from "../record.ts";
import type { Row } from "../row.ts";
import { KafkaSource } from "../source/kafka-source.ts";
import { Plans, type SyncPlan, type TopicPlan } from "../task/plan.ts";
import { silent } from "../telemetry/log.ts";
import { forgetGroup } from "./forget-group.ts";
import { kafkaAccess } from "./kafka-access.ts";
import { sampleRecords } from "./sample-records.ts";

/** A person is waiting: a registry that does not answer by then is a finding. */
const REGISTRY_WITHIN_MS = 10_000;

/**
 * Asks Kafka whether the topics are there, and holds the mapping against the last row of each.
 * @returns what was found, a line each; those that begin with `!` need a look
 * @throws CdcError SOURCE_FAILED where the brokers cannot be reached or a topic is missing
 */
export async function checkConnect(settings: Settings): Promise<readonly string[]> {
  const { connection, groupId } = kafkaAccess(settings, "check --connect", "check");
  const plans = new Plans(settings);
  const { topics } = plans;
  const source = new KafkaSource({ kafka: connection, groupId, topics, log: silent });
  const samples = await sampleRecords(source);
  await forgetGroup(connection, groupId);
  const stop = AbortSignal.timeout(REGISTRY_WITHIN_MS);
  const registry = registryOf(settings.kafka?.schemaRegistry, {
    clock: systemClock,
    logger: silent,
    stop,
  });
  const lines: string[] = [];
  const names = topics.filter((name) => typeof name === "string");
  for (const topic of new Set([...names, ...samples.keys()])) {
    const plan = plans.get(topic);
    if (!plan) continue;
    const records = samples.get(topic) ?? [];
    await registry?.prepare(records);
    lines.push(...checkTopic(plan, records, registry));
  }
  return lines;
}

function checkTopic(
  plan: TopicPlan,
  records: readonly SourceRecord[],
  registry: SchemaRegistry | null,
): readonly string[] {
  if (records.length === 0)
    return [`${plan.topic}: is there, and has no records to check the mapping with`];
  const decoder = new Decoder(plan.format, registry);
  for (const record of records) {
    try {
      const event = decoder.decode(record);
      if (event.kind === "row" && event.row) return checkRow(plan, event, event.row, record);
    } catch (error) {
      return [`! ${recordName(record)}: ${messageOf(error)}`];
    }
  }
  return [`${plan.topic}: none of its last records holds a row`];
}

function checkRow(
  plan: TopicPlan,
  event: RowEvent,
  row: Row,
  record: SourceRecord,
): readonly string[] {
  const lines = [
    `${recordName(record)}: a row of ${event.table} with ${Object.keys(row).join(", ")}`,
  ];
  const absent = new Set(event.unavailable);
  for (const { name, filter, syncs } of plan.models) {
    try {
      const belongs = filter.matches(row, absent);
      lines.push(`  model ${name}: the row ${belongs ? "belongs" : "does not belong"}`);
    } catch (error) {
      lines.push(`! model ${name}: ${messageOf(error)}`);
    }
    lines.push(...syncs.flatMap((sync) => checkSync(sync, event, row, absent, record)));
  }
  return lines;
}

function checkSync(
  { sync }: SyncPlan,
  event: RowEvent,
  row: Row,
  absent: ReadonlySet<string>,
  record: SourceRecord,
): readonly string[] {
  const lines: string[] = [];
  if (sync.user(row, absent) === null)
    return [`! sync ${sync.name}: this row has neither userId nor anonymousId`];
  const change = { kind: "added", previous: null, next: row, absent } as const;
  const occasion = {
    ...event,
    topic: record.topic,
    place: event.position ?? `${record.partition}/${record.offset}`,
  };
  try {
    const messages = sync.messages(change, occasion, (field, reason) =>
      lines.push(`! sync ${sync.name}: ${field} is left out: ${reason}`),
    );
    lines.push(...messages.map((message) => `  sync ${sync.name}: ${JSON.stringify(message)}`));
  } catch (error) {
    lines.push(`! sync ${sync.name}: ${messageOf(error)}`);
  }
  return lines;
}
