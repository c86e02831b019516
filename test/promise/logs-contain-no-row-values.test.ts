import { suite } from "uvu";
import * as assert from "uvu/assert";
import { summary } from "../../src/cli/summary.ts";
import { recordedForm } from "../../src/data/recorded-line.ts";
import { type CdcError, messageWithDetails } from "../../src/lib/errors.ts";
import { recordOf, TOPIC } from "../support/debezium.ts";
import { DeliveryQueueDriver } from "../support/delivery-queue-driver.ts";
import { LogLines } from "../support/log-lines.ts";
import { type Change, insert } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

/**
 * Reasons quote values of rows, and dead letters keep them. What is logged above `debug`, what ends the process, the
 * summary and an explanation that was not asked for values hold none.
 */

const promise = suite("logs contain no row values");

/** One as long as a name, and one that could be any word. */
const VALUES = ["ada@example.com", "Ada"];
const SESSION =
  "{model: users, type: track, userId: id, initialResults: send, events: {added: Added}";

type Case = {
  readonly title: string;
  readonly model?: string;
  readonly syncs?: string;
  readonly next: (value: string) => Change;
  /** What is said of it all the same. */
  readonly kind: RegExp;
  readonly isDeadLettered: boolean;
};

const row = (value: string) => insert({ id: 7, email: value }, 10);

const CASES: readonly Case[] = [
  {
    title: "a property whose expression fails",
    syncs: `{life: ${SESSION}, properties: {flag: {cel: "bool(row.email)"}}}}`,
    next: row,
    kind: /flag: the expression fails: bool_conversion_error/,
    isDeadLettered: false,
  },
  {
    title: "a filter that fails",
    model: `{topic: ${TOPIC}, key: [id], where: "duration(row.email) > duration('1s')"}`,
    next: row,
    kind: /FILTER_FAILED: .*the expression fails: invalid_duration/,
    isDeadLettered: true,
  },
  {
    title: "a time that is none",
    syncs: `{life: ${SESSION}, timestamp: email}}`,
    next: row,
    kind: /UNREADABLE_TIMESTAMP: column "email" is not a date/,
    isDeadLettered: true,
  },
  {
    title: "bytes that are no JSON",
    next: (value) => ({ key: { id: 7 }, value: `{${value}` }),
    kind: /INVALID_JSON: the bytes cannot be read as JSON/,
    isDeadLettered: true,
  },
];

for (const { title, model, syncs, next, kind, isDeadLettered } of CASES) {
  for (const value of VALUES) {
    promise(`should hold for ${title}, of ${value}`, async () => {
      const driver = await new TaskDriver({ model, syncs }).start();
      const change = next(value);
      const line = JSON.stringify(recordedForm(recordOf({ ...change, offset: 0 })));
      const asked = { key: "7", line };
      const explained = JSON.stringify((await driver.explain(asked)).record?.steps);
      assert.not.match(explained, value);
      assert.match(explained.replaceAll('\\"', '"'), kind);
      const shown = JSON.stringify((await driver.explain({ ...asked, showValues: true })).record);
      assert.match(shown, value, "it is said where it was asked for");
      await driver.pipe(change);
      await driver.checkpoint();
      const text = summary(driver.counters);
      assert.not.match(text, value);
      if (!isDeadLettered) assert.match(text, kind);
      const reasons = driver.deadLetters.map(({ error }) => messageWithDetails(error));
      assert.is(reasons.length, isDeadLettered ? 1 : 0);
      if (isDeadLettered) assert.match(reasons.join(), value, "the dead letter has it");
      await driver.stop();
      assert.not.match(driver.log.text, value);
    });
  }
}

promise("should hold for what ends the process, which says where the reason stands", async () => {
  const driver = await new TaskDriver({ more: "deadLetters: {maxConsecutive: 3}" }).start();
  const bad = { key: { id: 7 }, value: `{${VALUES[0]}` };
  await driver.pipe([bad, bad, bad]);
  const [failure] = driver.failures as [CdcError];
  assert.is(failure.code, "TOO_MANY_DEAD_LETTERS");
  const { message } = failure;
  assert.not.match(message, VALUES[0] as string);
  assert.match(message, /^app\.public\.users\/0@2: .*INVALID_JSON.*the dead letter queue has/);
  await driver.stop();
});

const QUOTES = `${VALUES[0]} is no email`;

for (const status of [302, 401, 429, 503]) {
  promise(`should hold where Segment quotes a message with ${status}`, async () => {
    const [log, responded] = [new LogLines(), [] as (string | null)[]];
    const watcher = {
      delivered: () => {},
      responded: (_: unknown, reason: string | null) => void responded.push(reason),
    };
    const driver = new DeliveryQueueDriver({ logger: log, observers: [watcher] });
    driver.segment.response = (_, request) => ({
      status: request === 0 ? status : 200,
      body: QUOTES,
    });
    driver.push("m0");
    await driver.clock.advance(60_000);
    const reasons = [log.text, String(driver.failures[0]), ...responded];
    assert.not.match(reasons.join(), VALUES[0] as string);
    assert.match(reasons.join(), new RegExp(`HTTP ${status} [A-Z]`), "the status is logged");
    assert.is(log.with(/response body/)[0]?.fields.body, QUOTES, "and the rest at debug");
  });
}

promise("should hold where Segment refuses message after message", async () => {
  const log = new LogLines();
  const driver = new DeliveryQueueDriver({ logger: log, limits: { maxConsecutive: 2 } });
  driver.segment.response = () => ({ status: 400, body: QUOTES });
  driver.push("m0", "m1", "m2");
  await driver.clock.advance(0);
  const [failure] = driver.failures as [CdcError];
  assert.is(failure.code, "TOO_MANY_DEAD_LETTERS");
  const { message } = failure;
  assert.not.match(log.text + message, VALUES[0] as string);
  assert.match(message, /HTTP 400 Bad Request\. The dead letters/);
  assert.match(driver.deadLetters[0]?.error.details ?? "", QUOTES);
});

promise.run();
