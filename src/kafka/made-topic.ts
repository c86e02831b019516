import type { Admin } from "kafkajs";
import { systemClock } from "../clock.ts";
import { CdcError } from "../errors.ts";

/** A topic that was made is listed within ten seconds, or something is wrong. */
const LISTED_TRIES = 100;
const LISTED_EVERY_MS = 100;

/** A broker that made a topic may need a moment to know it. */
export async function untilListed(admin: Admin, topic: string): Promise<void> {
  for (let tries = 0; tries < LISTED_TRIES; tries += 1) {
    if ((await admin.listTopics()).includes(topic)) return;
    await systemClock.sleep(LISTED_EVERY_MS);
  }
  throw new CdcError(
    "SOURCE_FAILED",
    `the topic ${topic} was made, and the brokers do not list it`,
  );
}
