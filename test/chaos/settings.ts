import { writeFileSync } from "node:fs";

export const NAME = "chaos";
export const TOPIC = "app.public.users";
export const PARTITIONS = 6;
export const SESSION_TIMEOUT_MS = 6_000;

/** Of one request to Segment: a hanging socket costs this much, and a slow answer comes later than it. */
export const REQUEST_TIMEOUT_MS = 2_000;

export type Addresses = { readonly brokers: readonly string[]; readonly segment: string };

/** The settings of one machine, in a file. */
export function writeConfig(file: string, state: string, { brokers, segment }: Addresses): void {
  const events = { added: "Added", changed: "Changed", removed: "Removed" };
  const settings = {
    name: NAME,
    kafka: { brokers, sessionTimeout: `${SESSION_TIMEOUT_MS}ms` },
    state: { directory: state },
    segment: { writeKey: "none", url: segment, timeout: `${REQUEST_TIMEOUT_MS}ms` },
    checkpoint: { interval: "300ms" },
    log: { format: "json", level: "info" },
    status: "off",
    models: { users: { topic: TOPIC }, paying: { topic: TOPIC, where: 'row.plan != "free"' } },
    syncs: {
      profile: { model: "users", type: "identify", userId: "id", traits: ["email", "plan"] },
      session: { model: "users", type: "track", userId: "id", events, properties: ["plan"] },
      paying: {
        model: "paying",
        type: "track-entered-exited",
        userId: "id",
        initialResults: "send",
      },
    },
  };
  writeFileSync(file, JSON.stringify(settings));
}
