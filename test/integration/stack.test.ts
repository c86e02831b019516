import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Stack, startStack } from "../stack/stack.ts";

const change = suite("from row to record");
let stack: Stack;

change.before(async () => {
  stack = await startStack({ connect: true, postgres: true });
});

change.after(() => stack.stop());

change("a row written with sql() becomes a record in Kafka", async () => {
  await stack.sql("CREATE TABLE words (id int PRIMARY KEY, word text)");
  const config = stack.postgresConnector({ "table.include.list": "public.words" });
  await stack.createConnector("words", config);
  await stack.sql("INSERT INTO words VALUES (1, 'queue')");
  const value = await firstRecord("app.public.words");
  assert.equal(value.after, { id: 1, word: "queue" });
});

change("a broker that was killed comes back with its port and its data", async () => {
  const [before] = stack.kafka.brokers;
  await stack.kafka.kill();
  await stack.kafka.start();
  assert.is(stack.kafka.brokers[0], before);
  assert.equal((await firstRecord("app.public.words")).after, { id: 1, word: "queue" });
});

change("a connector that cannot work is refused with Connect's reason", async () => {
  const config = stack.postgresConnector({ "slot.name": "Not A Slot" });
  await stack.createConnector("refused", config).then(
    () => assert.unreachable("it was accepted"),
    (error) => assert.match(error.message, /slot\.name/),
  );
});

change("a service that was not asked for is named when it is used", () => {
  assert.throws(() => stack.registry, /startStack\(\{ registry: true \}\)/);
});

change.run();

const end = suite("how a stack ends");

end("nothing is left when the process that started it is killed", async () => {
  const module = new URL("../stack/stack.ts", import.meta.url).href;
  const script = `
    import { startStack } from "${module}";
    const stack = await startStack({ kafka: true, postgres: true });
    console.log(stack.directory);
    setInterval(() => {}, 1_000);`;
  const parent = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [directory] = await once(createInterface({ input: parent.stdout }), "line");
  assert.ok(processesOf(directory).length >= 3, "broker, database server and watchdog");
  parent.kill("SIGKILL");

  const deadline = Date.now() + 20_000;
  while ((existsSync(directory) || processesOf(directory).length > 0) && Date.now() < deadline) {
    await sleep(100);
  }
  assert.equal(processesOf(directory), []);
  assert.not(existsSync(directory));
});

end.run();

/** Command lines that mention the stack's directory. */
function processesOf(directory: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        return ""; // it has ended
      }
    })
    .filter((commandLine) => commandLine.includes(directory));
}

async function firstRecord(topic: string): Promise<{ after: unknown }> {
  const kafka = new Kafka({ brokers: stack.kafka.brokers, logLevel: logLevel.NOTHING });
  // The connector makes the topic with its first record; kafkajs subscribes to no topic before that.
  const admin = kafka.admin();
  await admin.connect();
  while (!(await admin.listTopics()).includes(topic)) await sleep(100);
  await admin.disconnect();
  const consumer = kafka.consumer({ groupId: `reader-${Date.now()}` });
  const first = Promise.withResolvers<{ after: unknown }>();
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => first.resolve(JSON.parse(String(message.value))),
  });
  const value = await first.promise;
  await consumer.disconnect();
  return value;
}
