import { failureOf } from "../../kafka/failure.ts";
import { type KafkaSettings, kafkaClient } from "../../kafka/kafka-client.ts";
import { CdcError } from "../../lib/errors.ts";
import { noopLogger } from "../../lib/logger.ts";

/**
 * The lock on a state folder keeps out the service of this machine; its group tells of the others.
 * @throws CdcError REDRIVE_REFUSED where the service runs anywhere
 */
export async function requireStopped(connection: KafkaSettings, groupId: string): Promise<void> {
  const admin = kafkaClient(connection, noopLogger).admin();
  try {
    await admin.connect();
    const { groups } = await admin.describeGroups([groupId]);
    const members = groups.flatMap((group) => group.members ?? []);
    if (members.length === 0) return;
    throw new CdcError(
      "REDRIVE_REFUSED",
      `the service runs: its group "${groupId}" has ${members.length} member(s), at ${members.map(({ clientHost }) => clientHost).join(", ")}. ` +
        "Its state is needed: stop it first. One that was killed is counted for kafka.sessionTimeout",
    );
  } catch (error) {
    throw failureOf(error, `cannot ask Kafka for the group "${groupId}"`);
  } finally {
    await admin.disconnect().catch(() => {});
  }
}
