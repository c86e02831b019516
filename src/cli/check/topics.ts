import { nearest } from "../../config/suggest.ts";
import { matchesTopic, type TopicPattern } from "../../data/topic-pattern.ts";
import { isDenied } from "../../kafka/failure.ts";
import { topicConfig } from "../../kafka/internal-topic.ts";
import type { KafkaAdmin } from "../../kafka/kafka-client.ts";
import { durationText } from "../../lib/duration.ts";
import { counted, type Finding, ok, problem, warning } from "./finding.ts";
import { unanswered } from "./kafka-error.ts";

/** The topics that are there of those wanted, and what was found of each name. */
export async function findTopics(
  admin: KafkaAdmin,
  wanted: readonly TopicPattern[],
): Promise<{ readonly found: readonly string[]; readonly findings: readonly Finding[] }> {
  const existing = await admin.listTopics();
  const found = new Set<string>();
  const findings: Finding[] = [];
  for (const name of wanted) {
    const named = existing.filter((topic) => matchesTopic(name, topic));
    for (const topic of named) found.add(topic);
    if (named.length > 0) continue;
    if (typeof name !== "string") {
      findings.push(
        problem(
          `topics ${name}`,
          "no topic matches the pattern; correct it, or start the connector",
        ),
      );
    } else findings.push(await missing(admin, name, existing));
  }
  return { found: [...found], findings };
}

/** A topic that may not be seen is not listed; its settings are asked for, which does not make it. */
async function missing(
  admin: KafkaAdmin,
  topic: string,
  existing: readonly string[],
): Promise<Finding> {
  const about = `topic ${topic}`;
  const refusal = await topicConfig(admin, topic, ["cleanup.policy"]).then(
    () => null,
    (error) => (isDenied(error) ? error : null),
  );
  if (refusal !== null) return unanswered(about, `Describe and Read on the topic`, refusal);
  const others = existing.filter((name) => !name.startsWith("__"));
  const hint =
    others.length > 0 ? nearest(topic, others, "the brokers have") : "the brokers have none";
  return problem(
    about,
    `is not there: correct the model's topic, or start the connector, which makes it; ${hint}`,
  );
}

const ASKED = ["cleanup.policy", "retention.ms", "retention.bytes", "delete.retention.ms"];

/** Partitions and policy of a source topic, and whether it keeps its records for as long as the pipeline may be away. */
export async function checkTopic(
  admin: KafkaAdmin,
  topic: string,
  outage_ms: number,
): Promise<readonly Finding[]> {
  const about = `topic ${topic}`;
  const findings: Finding[] = [];
  try {
    const offsets = await admin.fetchTopicOffsets(topic);
    const records = offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
    findings.push(
      ok(about, `${counted(offsets.length, "partition")}, ${counted(records, "offset")}`),
    );
  } catch (error) {
    findings.push(unanswered(about, "Describe on the topic", error));
  }
  try {
    findings.push(...retention(about, await topicConfig(admin, topic, ASKED), outage_ms));
  } catch (error) {
    const { text } = unanswered(about, "DescribeConfigs on the topic", error);
    findings.push(warning(about, `how long it keeps its records is not known: ${text}`));
  }
  return findings;
}

function retention(
  about: string,
  config: ReadonlyMap<string, string>,
  outage_ms: number,
): readonly Finding[] {
  const policies = (config.get("cleanup.policy") ?? "").split(",").map((policy) => policy.trim());
  const outage = `an outage of ${durationText(outage_ms)} (--outage)`;
  const findings: Finding[] = [];
  const kept = (setting: string) => Number(config.get(setting) ?? -1);
  if (policies.includes("delete")) {
    const ms = kept("retention.ms");
    const is = `cleanup.policy=${policies.join()}, retention.ms ${ms < 0 ? "for ever" : durationText(ms)}`;
    findings.push(
      ms >= 0 && ms < outage_ms
        ? warning(
            about,
            `${is}: shorter than ${outage}, after which changes would be gone unread; raise retention.ms of the topic`,
          )
        : ok(about, `${is}: outlasts ${outage}`),
    );
    if (kept("retention.bytes") >= 0)
      findings.push(
        warning(
          about,
          `retention.bytes is ${kept("retention.bytes")} a partition: how long that lasts depends on what is written; be sure that it is longer than ${outage}, or take it out`,
        ),
      );
    return findings;
  }
  const removals = kept("delete.retention.ms");
  const is = `cleanup.policy=${policies.join()}: every row stays`;
  return [
    removals >= 0 && removals < outage_ms
      ? warning(
          about,
          `${is}, and a removal for delete.retention.ms ${durationText(removals)} once it is compacted: rows removed during ${outage} would be missed; raise it`,
        )
      : ok(about, `${is}, and removals outlast ${outage}`),
  ];
}
