import type { Settings } from "../config/settings.ts";
import { type KafkaSettings, kafkaClient } from "../kafka/kafka-client.ts";
import { CdcError } from "../lib/errors.ts";
import { noopLogger } from "../lib/logger.ts";

/** How a command reaches Kafka. */
export type KafkaAccess = {
  readonly connection: KafkaSettings;
  readonly groupId: string;
  readonly sessionTimeout_ms: number;
  readonly stallTimeout_ms: number;
};

/**
 * @param look names a group of its own for one look, so that the service's place is not touched
 * @throws CdcError CONFIGURATION where the settings name no brokers
 */
export function kafkaAccess(
  { name, kafka }: Settings,
  command: string,
  look?: string,
): KafkaAccess {
  if (!kafka) {
    throw new CdcError(
      "CONFIGURATION",
      `kafka: is required by \`${command}\`; name the brokers in kafka.brokers`,
    );
  }
  const group = kafka.groupId ?? name;
  return {
    connection: { ...kafka, clientId: kafka.clientId ?? name },
    groupId: look === undefined ? group : `${group}.${look}.${process.pid}`,
    sessionTimeout_ms: kafka.sessionTimeout,
    stallTimeout_ms: kafka.stallTimeout,
  };
}

/** Takes away a consumer group that was made for one look. Without the right to do so it expires by itself. */
export async function deleteGroup(connection: KafkaSettings, groupId: string): Promise<void> {
  const admin = kafkaClient(connection, noopLogger).admin();
  try {
    await admin.connect();
    await admin.deleteGroups([groupId]);
  } catch {
    // It expires.
  } finally {
    await admin.disconnect().catch(() => {});
  }
}
