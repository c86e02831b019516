import { type KafkaSettings, kafkaClient } from "../kafka/kafka-client.ts";
import { silent } from "../telemetry/log.ts";

/** Takes away a consumer group that was made for one look. Without the right to do so it expires by itself. */
export async function forgetGroup(connection: KafkaSettings, groupId: string): Promise<void> {
  const admin = kafkaClient(connection, silent).admin();
  try {
    await admin.connect();
    await admin.deleteGroups([groupId]);
  } catch {
    // It expires.
  } finally {
    await admin.disconnect().catch(() => {});
  }
}
