import type { Settings } from "../../config/settings.ts";
import { changelogTopicOf } from "../../kafka/changelog/changelog-topic.ts";
import { topicConfig } from "../../kafka/internal-topic.ts";
import type { KafkaAdmin } from "../../kafka/kafka-client.ts";
import { durationText } from "../../lib/duration.ts";
import { deadLetterTopic } from "../internal-topics.ts";
import { counted, type Finding, ok, problem, warning } from "./finding.ts";
import { kafkaProblem } from "./kafka-error.ts";

type State = {
  readonly partitions: number;
  readonly replicas: number;
  readonly policy: string;
  readonly retention_ms: number;
  readonly timestampType: string;
};

const SETTINGS = ["cleanup.policy", "retention.ms", "message.timestamp.type"];

/** An internal topic and its check. */
type InternalTopic = {
  readonly about: string;
  readonly topic: string;
  readonly evaluate: (about: string, found: State) => Finding | Promise<Finding>;
};

/** Whether the internal topics exist and have the required settings. */
export async function checkInternalTopics(
  admin: KafkaAdmin,
  settings: Settings,
  sources: readonly string[],
): Promise<readonly Finding[]> {
  const existing = new Set(await admin.listTopics());
  const own = internalTopics(admin, settings, settings.state.changelog ? sources : []);
  const findings: Finding[] = [];
  for (const { about, topic, evaluate } of own) {
    if (!existing.has(topic)) continue;
    const named = `${about} ${topic}`;
    const found = stateOf(admin, topic).then((state) => evaluate(named, state));
    const permission = "Describe and DescribeConfigs on the topic";
    findings.push(await found.catch((error) => kafkaProblem(named, permission, error)));
  }
  const absent = own.flatMap(({ topic }) => (existing.has(topic) ? [] : [topic]));
  if (absent.length > 0)
    findings.push(
      ok(
        "internal topics",
        `created by the first start, which needs the Create permission for them: ${absent.join(", ")}`,
      ),
    );
  if (!settings.state.changelog)
    findings.push(
      warning(
        "changelogs",
        "state.changelog is false: the state is only on this machine's disk, and lost with it",
      ),
    );
  return findings;
}

function internalTopics(
  admin: KafkaAdmin,
  settings: Settings,
  sources: readonly string[],
): InternalTopic[] {
  const { name, kafka, state } = settings;
  const control = kafka?.controlTopic ?? `${name}.control`;
  const evaluateControl: InternalTopic["evaluate"] = (about, found) =>
    logFinding(about, found, state.deleteRetention);
  return [
    {
      about: "dead letters",
      topic: deadLetterTopic(settings),
      evaluate: (about, found) => logFinding(about, found, 0),
    },
    { about: "control topic", topic: control, evaluate: evaluateControl },
    ...sources.map((source) => ({
      about: "changelog",
      topic: changelogTopicOf(name, source),
      evaluate: async (about: string, found: State) =>
        changelogFinding(about, found, await stateOf(admin, source)),
    })),
  ];
}

/** @param minimum_ms how long its entries are needed */
function logFinding(about: string, found: State, minimum_ms: number): Finding {
  const { partitions, policy, retention_ms } = found;
  if (policy.includes("compact"))
    return problem(
      about,
      `cleanup.policy=${policy} would lose entries, which have no keys; set it to delete`,
    );
  if (partitions > 1)
    return warning(
      about,
      `has ${partitions} partitions; only the first is used; create it with one`,
    );
  const duration = retention_ms < 0 ? "for ever" : `for ${durationText(retention_ms)}`;
  if (retention_ms >= 0 && retention_ms < minimum_ms)
    return warning(
      about,
      `retains entries ${duration}, shorter than state.deleteRetention ${durationText(minimum_ms)}: a process that is stopped for longer cannot continue; raise retention.ms`,
    );
  return ok(about, `exists and retains entries ${duration}${clockText(found)}`);
}

function changelogFinding(about: string, found: State, source: State): Finding {
  if (found.policy !== "compact")
    return problem(
      about,
      `cleanup.policy=${found.policy} would delete rows that still exist; set it to compact`,
    );
  if (found.partitions > source.partitions)
    return problem(
      about,
      `has ${found.partitions} partitions, and its source ${source.partitions}: the source was recreated; delete the changelog, or give the pipeline another name`,
    );
  if (found.replicas < source.replicas)
    return warning(
      about,
      `has ${counted(found.replicas, "replica")}, and its source ${source.replicas}: the state is less safe than the records; raise them`,
    );
  const is = `exists, compacted, ${counted(found.partitions, "partition")}`;
  return ok(about, `${is}${clockText(found)}`);
}

/** Kafka rejects timestamps of producers that are an hour ahead of the broker's clock. */
function clockText({ timestampType }: State): string {
  return timestampType === "CreateTime"
    ? "; with message.timestamp.type=LogAppendTime, a machine whose clock is ahead could still write"
    : "";
}

async function stateOf(admin: KafkaAdmin, topic: string): Promise<State> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const partitions = topics[0]?.partitions ?? [];
  const config = await topicConfig(admin, topic, SETTINGS);
  return {
    partitions: partitions.length,
    replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    policy: config.get("cleanup.policy") ?? "",
    retention_ms: Number(config.get("retention.ms") ?? -1),
    timestampType: config.get("message.timestamp.type") ?? "",
  };
}
