import { failureOf } from "../../kafka/failure.ts";
import type { KafkaAdmin } from "../../kafka/kafka-client.ts";
import type { KafkaAccess } from "../kafka-access.ts";
import { counted, type Finding, ok, problem } from "./finding.ts";
import { kafkaProblem } from "./kafka-error.ts";

/** Whether the brokers respond and accept the credentials; connects `admin`. */
export async function checkBrokers(
  admin: KafkaAdmin,
  { connection }: KafkaAccess,
): Promise<readonly Finding[]> {
  const named = connection.brokers.join(", ");
  try {
    await admin.connect();
    const { brokers, clusterId } = await admin.describeCluster();
    return [
      ok(`Kafka at ${named}`, `reached: ${counted(brokers.length, "broker")} of ${clusterId}`),
    ];
  } catch (error) {
    const { code, message } = failureOf(error, `cannot reach Kafka at ${named} (kafka.brokers)`);
    return [problem("Kafka", `${code}: ${message}`)];
  }
}

/** Whether the service's group may be used, and whether it is in use. */
export async function checkGroup(admin: KafkaAdmin, groupId: string): Promise<Finding> {
  const about = `group ${groupId}`;
  try {
    const { groups } = await admin.describeGroups([groupId]);
    const members = groups.flatMap((group) => group.members ?? []).length;
    return ok(about, members > 0 ? `in use by ${counted(members, "member")}` : "not in use");
  } catch (error) {
    return kafkaProblem(about, `Describe and Read on the group "${groupId}"`, error);
  }
}
