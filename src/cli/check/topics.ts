import { nearest } from "../../config/suggest.ts";
import { matchesTopic, type TopicPattern } from "../../data/topic-pattern.ts";
import { isDenied } from "../../kafka/failure.ts";
import { topicConfig } from "../../kafka/internal-topic.ts";
import type { KafkaAdmin } from "../../kafka/kafka-client.ts";
import { durationText } from "../../lib/duration.ts";
import { counted, type Finding, ok, problem, warning } from "./finding.ts";
import { kafkaProblem } from "./kafka-error.ts";

/** The existing topics, and a finding for each name or pattern without one. */
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

/** A topic without Describe permission is not listed. Describing its settings shows that, and does not create the topic. */
async function missing(
  admin: KafkaAdmin,
  topic: string,
  existing: readonly string[],
): Promise<Finding> {
  const about = `topic ${topic}`;
  const denied = await topicConfig(admin, topic, ["cleanup.policy"]).then(
    () => null,
    (error) => (isDenied(error) ? error : null),
  );
  if (denied !== null) return kafkaProblem(about, "Describe and Read on the topic", denied);
  const others = existing.filter((name) => !name.startsWith("__"));
  const hint =
    others.length > 0 ? nearest(topic, others, "the brokers have") : "the brokers have none";
  return problem(
    about,
    `does not exist: correct the model's topic, or start the connector, which creates it; ${hint}`,
  );
}

const SETTINGS = ["cleanup.policy", "retention.ms", "retention.bytes", "delete.retention.ms"];

/** Partitions and policy of a source topic, and whether it retains its records for as long as the pipeline may be stopped. */
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
    findings.push(kafkaProblem(about, "Describe on the topic", error));
  }
  try {
    findings.push(...retention(about, await topicConfig(admin, topic, SETTINGS), outage_ms));
  } catch (error) {
    const { text } = kafkaProblem(about, "DescribeConfigs on the topic", error);
    findings.push(warning(about, `its retention is not known: ${text}`));
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
  const limitOf = (setting: string) => Number(config.get(setting) ?? -1);
  if (policies.includes("delete")) {
    const ms = limitOf("retention.ms");
    const is = `cleanup.policy=${policies.join()}, retention.ms ${ms < 0 ? "for ever" : durationText(ms)}`;
    findings.push(
      ms >= 0 && ms < outage_ms
        ? warning(
            about,
            `${is}: shorter than ${outage}, which would lose changes; raise retention.ms of the topic`,
          )
        : ok(about, `${is}: longer than ${outage}`),
    );
    if (limitOf("retention.bytes") >= 0)
      findings.push(
        warning(
          about,
          `retention.bytes is ${limitOf("retention.bytes")} for each partition: how long records are retained depends on the write rate; make sure that it is longer than ${outage}, or remove it`,
        ),
      );
    return findings;
  }
  const removals = limitOf("delete.retention.ms");
  const is = `cleanup.policy=${policies.join()}: every row is retained`;
  return [
    removals >= 0 && removals < outage_ms
      ? warning(
          about,
          `${is}, and removals for delete.retention.ms ${durationText(removals)} after compaction: the pipeline would miss rows removed during ${outage}; raise it`,
        )
      : ok(about, `${is}, and removals for longer than ${outage}`),
  ];
}
