import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment } from "../../src/cli/demo/mock-segment.ts";
import { startStack } from "../stack/stack.ts";
import { cdcToSegment } from "../support/command-line.ts";
import { envelope, TOPIC } from "../support/debezium.ts";
import { DemoOnTerminal } from "../support/demo-on-terminal.ts";

/**
 * The real commands on a real terminal, which `script` of util-linux makes, and `replay` without one; Segment, or who
 * reads, is slow enough for a person to watch.
 */

const RECORDS = 6_000;
const DEAD_LETTERS = 900;

/** Back to the first column, and the line is empty. */
const CLEAR = "\r\u001b[K";
const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;
const test = suite("progress on a terminal");
const directory = mkdtempSync(join(tmpdir(), "progress-"));

test.after(() => rmSync(directory, { recursive: true }));

test("should rewrite one line with a bar until the replay is done", async () => {
  const mockSegment = await MockSegment.start({
    faultFor: () => ({ status: 200, delay_ms: 300 }),
  });
  const config = configured("replayed", mockSegment, { deliveryMessages: 500 });
  const replayed = onTerminal(commandOf("replay", config, input()));
  const shown = await replayed.finally(() => mockSegment.stop());

  assert.is(mockSegment.accepted.length, RECORDS, shown);
  isDrawn("replay", "lines", shown);
  assert.match(shown, /, [\d,]+ messages delivered {2}\d+s left/);
  // The line is gone before the summary is written.
  assert.match(shown.split(CLEAR).at(-1) ?? "", /^ +6000 {2}records processed/);
});

test("should write a line every ten seconds if the replay has no terminal", async () => {
  const mockSegment = await MockSegment.start({
    faultFor: () => ({ status: 200, delay_ms: 1_000 }),
  });
  const config = configured("logged", mockSegment, { deliveryMessages: 500 });
  const replayed = cdcToSegment(["replay", "--config", config, input()]);
  const { code, stderr } = await replayed.finally(() => mockSegment.stop());

  assert.is(code, 0, stderr);
  assert.not.match(stderr, /[█░\r]/);
  const logLines = stderr.split("\n").filter((text) => text.startsWith("{"));
  assert.ok(logLines.length > 0, stderr);
  const { msg, lines, done, total, perSecond, left_s, ...more } = JSON.parse(logLines[0] ?? "");
  assert.is(msg, "replay");
  const delivered = more["messages delivered"];
  assert.ok(lines > 0 && lines <= RECORDS && delivered > 0 && delivered < RECORDS, stderr);
  assert.is(total, statSync(input()).size);
  assert.ok(done > 0 && done <= total && perSecond > 0 && left_s >= 0, stderr);
});

test("should rewrite one line with a bar until the redrive is done", async () => {
  const slow = { responses: false };
  const mockSegment = await MockSegment.start({
    faultFor: () => (slow.responses ? { status: 200, delay_ms: 1_500 } : null),
  });
  const config = configured("redriven", mockSegment, { deliveryMessages: 50 });
  const broken = join(directory, "broken.ndjson");
  writeFileSync(
    broken,
    lines(DEAD_LETTERS, () => "{oops"),
  );
  const replayed = await cdcToSegment(["replay", "--config", config, broken]);
  assert.is(replayed.code, 0, replayed.stderr);
  const deadLetters = join(directory, "state/redriven/replay/dead-letters.ndjson");
  const fixed = join(directory, "fixed.ndjson");
  renameSync(deadLetters, fixed);
  const good = lines(DEAD_LETTERS).split("\n");
  const texts = readFileSync(fixed, "utf8").trimEnd().split("\n");
  const withoutReason = ({ reason, offset }: { reason: unknown; offset: number }) =>
    `${JSON.stringify({ reason, ...JSON.parse(good[offset] ?? "") })}\n`;
  writeFileSync(fixed, texts.map((text) => withoutReason(JSON.parse(text))).join(""));

  slow.responses = true;
  const redriven = onTerminal(commandOf("redrive", config, fixed));
  const shown = await redriven.finally(() => mockSegment.stop());
  assert.is(mockSegment.accepted.length, DEAD_LETTERS, shown);
  isDrawn("redrive", "dead letters", shown);
});

test("should rewrite one line with a bar while a slow reader receives the records", async () => {
  const stack = await startStack({ kafka: true });
  try {
    const kafka = new Kafka({ brokers: stack.kafka.brokers, logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: TOPIC }] });
    await admin.disconnect();
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    const messages = Array.from({ length: RECORDS }, (_, id) => ({
      key: `{"id":${id}}`,
      value: envelopeOf(id),
    }));
    // A request of all would be too large.
    for (let from = 0; from < RECORDS; from += 1_000)
      await producer.send({ topic: TOPIC, messages: messages.slice(from, from + 1_000) });
    await producer.disconnect();
    const config = configured("recorded", null, {}, stack.kafka.brokers);
    const output = join(directory, "recorded.ndjson");
    const slowly = `| (sleep 4; cat > '${output}')`;
    const shown = await onTerminal(`${commandOf("record", config)} ${slowly}`);
    assert.is(readFileSync(output, "utf8").trimEnd().split("\n").length, RECORDS, shown);
    isDrawn("record", "records", shown);
    assert.match(shown.split(CLEAR).at(-1) ?? "", /^6000 records written/);
  } finally {
    await stack.stop();
  }
});

test("should show the rate and the time left in the demo's bar", async () => {
  const demo = new DemoOnTerminal();
  await demo.waitFor(/(The status page stays)/);
  assert.is(await demo.pressCtrlC(), 0);
  const plain = stripVTControlCharacters(demo.output);
  const bar =
    /^[█░]{24} \d+ % {2}([\d,]+) records, ([\d,]+) a second, [\d,]+ skipped calls, [\d,]+ messages {2}(\d+)s left$/;
  const drawn = plain.split("\r").flatMap((text) => (bar.exec(text) ? [bar.exec(text)] : []));
  assert.ok(drawn.length > 20, plain);
  const numbers = drawn.map((found) =>
    (found ?? []).slice(1).map((n) => Number(n.replace(",", ""))),
  );
  const [records, perSecond, left_s] = numbers[Math.floor(numbers.length / 2)] ?? [];
  assert.ok((records ?? 0) > 0 && (perSecond ?? 0) > 0 && (left_s ?? 0) > 0, plain);
  assert.is(numbers.at(-1)?.at(2), 0);
});

/** The bar was drawn again and again, and never went back. */
function isDrawn(title: string, count: string, shown: string): void {
  const form = new RegExp(`^${title} [█░]{24} (\\d+) % {2}[\\d,]+ ${count}, [\\d,]+ a second`);
  // Before it is known how much there is, there is no bar.
  const parts = shown.split(CLEAR).flatMap((text) => form.exec(text)?.[1] ?? []);
  assert.ok(parts.length > 5, shown);
  const percents = parts.map(Number);
  assert.equal(
    percents,
    percents.toSorted((a, b) => a - b),
  );
}

/** The settings' file of a pipeline of that name. */
function configured(
  name: string,
  mockSegment: MockSegment | null,
  limits: object,
  brokers: readonly string[] | null = null,
): string {
  const config = join(directory, `${name}.json`);
  const settings = {
    ...{ name, limits, state: { directory: join(directory, "state") } },
    ...(brokers && { kafka: { brokers } }),
    log: { format: "json" },
    segment: { writeKey: "key", url: mockSegment?.url },
    deadLetters: { maxConsecutive: 2 * DEAD_LETTERS, ratioWindow: 10_000 },
    models: { users: { topic: TOPIC } },
    syncs: { profile: { model: "users", type: "identify", userId: "id", traits: ["email"] } },
  };
  writeFileSync(config, JSON.stringify(settings));
  return config;
}

function input(): string {
  const file = join(directory, "input.ndjson");
  writeFileSync(file, lines(RECORDS));
  return file;
}

function lines(count: number, payload = envelopeOf): string {
  const tp = { topic: TOPIC, partition: 0 };
  const texts = Array.from({ length: count }, (_, id) =>
    JSON.stringify({ ...tp, offset: id, key: `{"id":${id}}`, payload: payload(id) }),
  );
  return `${texts.join("\n")}\n`;
}

function envelopeOf(id: number): string {
  return JSON.stringify(envelope({ op: "c", after: { id, email: `user${id}@example.com` } }));
}

function commandOf(name: string, config: string, ...more: readonly string[]): string {
  const args = [process.execPath, MAIN, name, "--config", config, ...more];
  return args.map((arg) => `'${arg}'`).join(" ");
}

/** The output of the command on a terminal of 120 columns; fails if the command fails. */
async function onTerminal(commandLine: string): Promise<string> {
  const command = `stty cols 120 && ${commandLine}`;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 60_000,
  });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    shown += text;
  });
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  assert.is(code, 0, shown);
  return shown;
}

test.run();
