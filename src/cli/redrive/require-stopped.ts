import { failureOf } from "../../kafka/failure.ts";
import { type KafkaSettings, kafkaClient } from "../../kafka/kafka-client.ts";
import { CdcError } from "../../lib/errors.ts";
import { noopLogger } from "../../lib/logger.ts";

/**
 * The lock on the state directory detects a service on this machine, its group those on others.
 * @throws CdcError REDRIVE_REFUSED if the service runs anywhere
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
      `the service runs: its group "${groupId}" has ${members.length} member(s) at ${members.map(({ clientHost }) => clientHost).join(", ")}. ` +
        "Stop it first: the redrive uses its state. A process that was killed is a member until kafka.sessionTimeout has passed",
    );
  } catch (error) {
    throw failureOf(error, `cannot query the group "${groupId}"`);
  } finally {
    await admin.disconnect().catch(() => {});
  }
}
