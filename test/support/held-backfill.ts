import { TaskDriver } from "./task-driver.ts";

const SYNC =
  "{model: users, type: track, userId: id, properties: [email], initialResults: send, events: {added: Added}}";

/**
 * A task that has stored the rows of `changes` and started again with one more sync. Its backfill cannot go on before
 * `respond`: Segment does not respond, and the delivery queue is full after ten messages.
 */
export async function heldBackfill(changes: Parameters<TaskDriver["pipe"]>[0]) {
  const driver = await new TaskDriver({ syncs: `{one: ${SYNC}}` }).start();
  await driver.pipe(changes);
  await driver.stop();
  const respond = driver.segment.hold();
  const more = "limits: {deliveryMessages: 10}";
  await driver.reconfigure({ syncs: `{one: ${SYNC}, two: ${SYNC}}`, more }).start();
  return { driver, respond };
}
