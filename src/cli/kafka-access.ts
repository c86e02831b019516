import type { Settings } from "../config/settings.ts";
import { type KafkaSettings, kafkaClient } from "../kafka/kafka-client.ts";
import { CdcError } from "../lib/errors.ts";
import { noopLogger } from "../lib/logger.ts";

/** Connection and group of a command. */
export type KafkaAccess = {
  readonly connection: KafkaSettings;
  readonly groupId: string;
  readonly sessionTimeout_ms: number;
  readonly stallTimeout_ms: number;
};

/**
 * @param purpose names a temporary group of its own, so that the service's group offsets stay as they are
 * @throws CdcError CONFIGURATION if the settings have no brokers
 */
export function kafkaAccess(
  { name, kafka }: Settings,
  command: string,
  purpose?: string,
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
    groupId: purpose === undefined ? group : `${group}.${purpose}.${process.pid}`,
    sessionTimeout_ms: kafka.sessionTimeout,
    stallTimeout_ms: kafka.stallTimeout,
  };
}

/** Deletes a temporary consumer group. Without the permission it expires by itself. */
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
