import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Fault, MockSegment } from "../../src/cli/demo/mock-segment.ts";
import type { TopicPartition } from "../../src/data/record.ts";
import type { OwnedChangelog } from "../../src/state/changelog.ts";
import type { Status } from "../../src/status/status.ts";
import { openBrowser } from "../page/browser.ts";
import * as expected from "../page/expected-text.ts";
import { boxes, rows, text } from "../page/reading.ts";
import { type Snapshot, SnapshotPage } from "../page/snapshot.ts";
import { TOPIC } from "../support/debezium.ts";
import { MemoryChangelog } from "../support/memory-changelog.ts";
import { type Change, insert, read, remove, tombstone, update } from "../support/table.ts";
import { WatchedPipeline } from "../support/watched-pipeline.ts";

/** Every number of the status page against the status port's responses at the same time. */

const PARTITIONS = [0, 1].map((partition) => ({ topic: TOPIC, partition }));
const [FIRST, SECOND] = [
  { topic: TOPIC, partition: 0 },
  { topic: TOPIC, partition: 1 },
];

const test = suite("the numbers of the status page");
let response: Fault | null = null;
let browser: Browser;
let mockSegment: MockSegment;
let pipeline: WatchedPipeline;
let shown: SnapshotPage;
let url = "";

test.before(() =>
  setUp().catch((error) => {
    // uvu shows nothing of a failed `before`.
    console.error(error);
    throw error;
  }),
);

test.after(async () => {
  await browser?.close();
  await pipeline?.end();
  await mockSegment?.stop();
});

async function setUp(): Promise<void> {
  browser = await openBrowser();
  mockSegment = await MockSegment.start({ faultFor: () => response });
  pipeline = new WatchedPipeline(settings(), PARTITIONS);
  url = await pipeline.open();
  // Two initial rows; seven added, of which two change their plan and three an unwatched column; one removed.
  produce(FIRST, ...[1, 2].map((id) => read({ id, owner: id, plan: "free", seen: 0 }, id)));
  await waitForStatus(
    ({ partitions }) => partitions.filter(({ nextOffset }) => nextOffset === 2).length === 1,
  );
  await waitForStatus(({ partitions }) =>
    partitions.every(({ taskState }) => taskState === "running"),
  );
  produce(
    FIRST,
    ...[3, 4, 5, 6, 7, 8, 9].map((id) => insert({ id, owner: id, plan: "free", seen: 0 }, id)),
    ...[3, 4, 5].map((id) => update({ id, owner: id, plan: "free", seen: 1 }, 10 + id)),
    ...[6, 7].map((id) => update({ id, owner: id, plan: "pro", seen: 0 }, 20 + id)),
    ...[remove(9, 30), tombstone(9)],
  );
  // One record without an owner, one unreadable.
  produce(SECOND, insert({ id: 11, owner: null, plan: "free", seen: 0 }, 40));
  pipeline.produce(SECOND, { key: Buffer.from('{"id":12}'), value: Buffer.from("{") });
  await waitForStatus(({ partitions, syncs, deadLetters }) => {
    const isStored = partitions.length === 2 && partitions.every(({ lag }) => lag.records === 0);
    const isSent = syncs.every(({ messages, messages_delivered: sent }) => messages === sent);
    return isStored && isSent && deadLetters.total === 2;
  });
  shown = await SnapshotPage.open(browser, url);
}

test("should show a pipeline without lag, in every table, summary and box", async () => {
  const { page, snapshot } = shown;
  const { status, deadLetters } = snapshot;
  assert.equal(
    status.syncs.map(({ added, changed, removed, skipped, messages }) => [
      ...[added, changed, removed, skipped.initialResult, skipped.unchanged, messages],
    ]),
    [
      [10, 2, 1, 0, 3, 12],
      [7, 2, 1, 2, 3, 10],
    ],
  );
  assert.equal(
    deadLetters.map(({ code, rejectedBy }) => [code, rejectedBy]),
    [
      ["INVALID_JSON", null],
      ["MISSING_USER", "lifecycle"],
    ],
  );
  await assertShown(page, snapshot, null);
  const [first] = await rows(page, "#partitions-table");
  assert.equal(first?.slice(1, 4), ["running", "16 of 16", "none"]);
  assert.match(first?.[4] ?? "", /ago|just now/);
  assert.match(first?.[5] ?? "", /^0 to process, 0 to store, 0 to deliver /);
  assert.match(first?.[6] ?? "", /^[1-9]\d* rows [1-9]/);
});

test("should show usage, lag and rates while Segment rejects requests", async () => {
  const { page, snapshot: before } = shown;
  response = { status: 500 };
  const fresh = Array.from({ length: 200 }, (_, i) => i + 100);
  produce(
    FIRST,
    ...[4, 5, 6].map((id) => update({ id, owner: id, plan: "team", seen: 1 }, 50 + id)),
    ...[7, 8].map((id) => remove(id, 60 + id)),
    ...fresh.map((id) => insert({ id, owner: id, plan: "free", seen: 0 }, id)),
  );
  await waitForStatus(({ partitions, segment }) => {
    const isPaused = partitions.some(({ taskState }) => taskState === "paused");
    return isPaused && segment.responses.retry > 0;
  });
  const snapshot = await shown.next();
  await assertShown(page, snapshot, before.status);
  const [first, second] = await rows(page, "#partitions-table");
  assert.equal([first?.[1], second?.[1]], ["paused", "running"]);
  assert.is(await page.getAttribute("#partitions-table .tone", "data-tone"), "warn");
  assert.match(first?.[3] ?? "", /^205 \d+ d/);
  // The delivery queue exceeds its limit by up to one group of messages.
  const waiting = /^[1-9]\d* to process, [1-9]\d* to store, [1-9]\d* to deliver [1-9]\d\d /;
  assert.match(first?.[5] ?? "", waiting);
  assert.is(await barWidth(page), "100%");
  const { health, tone } = await healthOf(page);
  assert.is(tone, "warn");
  assert.is(health[0], "Segment does not accept messages");
  assert.match(
    health[1] ?? "",
    /^Last response, at \d\d:\d\d:\d\d: .*500.* The batch is retried; nothing is lost\.$/,
  );
  assert.equal(health.slice(2), [
    "1 partition is paused: a limit is reached, and fetching resumes below it.",
    "2 dead letters: see the reasons below, fix the cause, then run redrive.",
  ]);
});

test("should show restarts of the consumer after everything is delivered", async () => {
  response = null;
  pipeline.replaced({ crashed: 3, lost: 2, stalled: 1 });
  await waitForStatus(({ partitions }) => partitions.every(({ lag }) => lag.records === 0));
  await shown.next();
  const { map, segment } = await boxes(shown.page);
  assert.match(map?.[1] ?? "", /^[1-9][\d.]* messages\/s$/);
  assert.match(segment?.[1] ?? "", /^[1-9][\d.]* messages\/s$/);
  // After a single response no rate is known.
  const { page, snapshot } = await SnapshotPage.open(browser, url);
  assert.is(snapshot.messages.length, 2 * 100);
  await assertShown(page, snapshot, null);
  const { health, tone } = await healthOf(page);
  assert.is(tone, "ok");
  assert.equal(health, [
    "Healthy",
    "No lag: every record is delivered and stored.",
    "2 dead letters: see the reasons below, fix the cause, then run redrive.",
    "The consumer was restarted 6 times: 3 crashed, 2 lost to the group, 1 stalled.",
  ]);
});

test("should show the progress of a restore with a bar", async () => {
  const blocked = new BlockedChangelog();
  const restored = new WatchedPipeline(settings(), [FIRST], blocked);
  try {
    const address = await restored.open();
    restored.produce(FIRST, { key: Buffer.from('{"id":1}'), value: null });
    await waitForStatus(({ partitions }) => partitions[0]?.restore?.done === 1, address);
    const { page, snapshot } = await SnapshotPage.open(browser, address);
    await assertShown(page, snapshot, null);
    const unknown = ["–", "–", "–"];
    assert.equal(await rows(page, "#partitions-table"), [
      [`${TOPIC}/0`, "restoring 1 of 4", "– of 1", ...["–", ...unknown]],
    ]);
    assert.is(await barWidth(page), "25%");
    const { health, tone } = await healthOf(page);
    assert.equal([tone, health[0]], ["warn", "Not ready: RESTORING"]);
    assert.match(health[1] ?? "", /restoring 1 of 4\.$/);
    assert.match(health[2] ?? "", /^What to do: wait; /);
  } finally {
    blocked.resume();
    await restored.end();
  }
});

test.run();

/** A changelog that reads its first transaction, and the others only after `resume`. */
class BlockedChangelog extends MemoryChangelog {
  readonly #rest = Promise.withResolvers<void>();

  override async own(tp: TopicPartition): Promise<OwnedChangelog> {
    for (let marks = 0; marks < 4; marks++) await super.own(tp);
    const owned = await super.own(tp);
    const rest = this.#rest.promise;
    return {
      ...owned,
      async *read(from) {
        for await (const chunk of owned.read(from)) {
          yield chunk;
          await rest;
        }
      },
    };
  }

  resume(): void {
    this.#rest.resolve();
  }
}

/** Width of the first bar of the partitions. */
function barWidth(page: Page): Promise<string> {
  return page.$eval("#partitions-table .level", ({ style }) => style.width);
}

/** The headline and the lines below it. */
async function healthOf(page: Page): Promise<{ health: string[]; tone: string | null }> {
  const health = await page.locator("#health p, #health li").allTextContents();
  return { health, tone: await page.getAttribute("#health", "data-tone") };
}

/** Every table, summary and box of the page. */
async function assertShown(page: Page, snapshot: Snapshot, before: Status | null): Promise<void> {
  const { status, messages, deadLetters } = snapshot;
  const { now, partitions, syncs } = status;
  const tables = {
    partitions: partitions.map((of) => expected.partitionRow(of, now)),
    syncs: syncs.map(expected.syncRow),
    messages: messages.map((of) => expected.messageRow(of, now)),
    "dead-letters": deadLetters.map((of) => expected.deadLetterRow(of, now)),
  };
  for (const [name, wanted] of Object.entries(tables))
    assert.equal(await rows(page, `#${name}-table`), wanted, name);
  const summaries = ["#partitions-summary", "#dead-letters-summary", "#process"];
  assert.equal(
    await Promise.all(summaries.map((id) => text(page, id))),
    expected.summaries(status),
  );
  assert.is(await text(page, "#messages-summary"), "The latest 100 messages of each sync.");
  const flow = expected.flow(snapshot, before);
  assert.equal(await boxes(page), flow);
  const label = (await page.getAttribute("#flow-diagram svg", "aria-label")) ?? "";
  for (const [title, ...lines] of Object.values(flow))
    assert.ok(label.includes(`${title}: ${lines.join(", ")}`), label);
}

function settings(): object {
  const events = { added: "Added", changed: "Changed", removed: "Removed" };
  return {
    name: "watched",
    segment: { writeKey: "page-write-key-0123456789", url: mockSegment.url },
    checkpoint: { interval: "50ms" },
    limits: { queueRecords: 40, deliveryMessages: 20 },
    models: { users: { topic: TOPIC } },
    syncs: {
      profile: { model: "users", type: "identify", userId: "id", traits: ["plan"] },
      lifecycle: { model: "users", type: "track", userId: "owner", properties: ["plan"], events },
    },
  };
}

function produce(tp: (typeof PARTITIONS)[number], ...changes: readonly Change[]): void {
  for (const { key, value } of changes)
    pipeline.produce(tp, {
      key: Buffer.from(JSON.stringify(key)),
      value: value === null ? null : Buffer.from(JSON.stringify(value)),
    });
}

/** Waits until the status matches. */
async function waitForStatus(matches: (status: Status) => boolean, of = url): Promise<Status> {
  for (const deadline = Date.now() + 60_000; ; await new Promise((go) => setTimeout(go, 50))) {
    const status = (await (await fetch(`${of}/status`)).json()) as Status;
    if (matches(status)) return status;
    if (Date.now() > deadline) throw new Error(`the status is ${JSON.stringify(status)}`);
  }
}
