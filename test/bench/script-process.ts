/**
 * The scripts that a user would write with kafkajs and got, in three steps: `consume` only, `parse` as well, and `send`:
 * identify for every record and track for every update, 500 messages a batch, each awaited. None keeps any state.
 */
import { randomUUID } from "node:crypto";
import { Agent } from "node:http";
import got from "got";
import kafkajs, { type KafkaMessage } from "kafkajs";

type Step = "consume" | "parse" | "send";
type User = { readonly [column: string]: unknown };
type Envelope = { readonly after: User; readonly op: string; readonly ts_ms: number };

const MESSAGES_A_BATCH = 500;

const [step, topic, brokers, groupId, records, url] = process.argv.slice(2) as [
  Step,
  ...[string, string, string, string, string],
];
const agent = { http: new Agent({ keepAlive: true }) };
let messages: object[] = [];

async function take(message: KafkaMessage): Promise<void> {
  if (step === "consume" || message.value === null) return;
  const envelope = JSON.parse(message.value.toString()) as Envelope;
  if (step === "parse") return;
  messages.push(identify(envelope));
  if (envelope.op === "u") messages.push(track(envelope));
  if (messages.length >= MESSAGES_A_BATCH) await send();
}

function identify({ after, ts_ms }: Envelope) {
  return {
    type: "identify",
    userId: `${after.id}`,
    traits: {
      email: after.email,
      name: after.full_name,
      plan: after.plan,
      country: after.country,
      created_at: after.created_at,
    },
    timestamp: new Date(ts_ms).toISOString(),
    messageId: randomUUID(),
  };
}

function track({ after, ts_ms }: Envelope) {
  return {
    type: "track",
    event: "User Changed",
    userId: `${after.id}`,
    properties: { email: after.email, plan: after.plan },
    timestamp: new Date(ts_ms).toISOString(),
    messageId: randomUUID(),
  };
}

async function send(): Promise<void> {
  const batch = messages;
  messages = [];
  await got.post(`${url}/v1/batch`, { json: { batch }, username: "bench", agent });
}

const kafka = new kafkajs.Kafka({
  brokers: [brokers],
  clientId: groupId,
  logLevel: kafkajs.logLevel.NOTHING,
});
const consumer = kafka.consumer({ groupId });
consumer.on("consumer.group_join", () => process.send?.({ moment: "start" }));
await consumer.connect();
await consumer.subscribe({ topics: [topic], fromBeginning: true });
let left = Number(records);
await consumer.run({
  eachBatch: async ({ batch }) => {
    for (const message of batch.messages) await take(message);
    left -= batch.messages.length;
    if (left > 0) return;
    if (messages.length > 0) await send();
    process.send?.({ moment: "end" });
  },
});
process.on("SIGTERM", () => process.exit());
process.on("disconnect", () => process.exit());
