import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Misbehaviour, MockSegment } from "../../src/cli/demo/mock-segment.ts";
import type { TopicPartition } from "../../src/data/record.ts";
import type { OwnedChangelog } from "../../src/state/changelog.ts";
import type { Status } from "../../src/status/status.ts";
import { openBrowser } from "../page/browser.ts";
import { type Moment, MomentPage } from "../page/moment.ts";
import { boxes, rows, text } from "../page/reading.ts";
import * as written from "../page/written.ts";
import { TOPIC } from "../support/debezium.ts";
import { MemoryChangelog } from "../support/memory-changelog.ts";
import { type Change, insert, read, remove, tombstone, update } from "../support/table.ts";
import { WatchedPipeline } from "../support/watched-pipeline.ts";

/** Every number of the status page, whole rows and boxes, against what the status port answers at the same moment. */

const AT = [0, 1].map((partition) => ({ topic: TOPIC, partition }));
const [FIRST, SECOND] = [
  { topic: TOPIC, partition: 0 },
  { topic: TOPIC, partition: 1 },
];

const test = suite("the numbers of the status page");
let response: Misbehaviour | null = null;
let browser: Browser;
let mockSegment: MockSegment;
let pipeline: WatchedPipeline;
let shown: MomentPage;
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
  mockSegment = await MockSegment.start({ misbehave: () => response });
  pipeline = new WatchedPipeline(settings(), AT);
  url = await pipeline.open();
  // Two that were there before; seven come, of which two change in their plan and three in what nobody watches; one goes.
  produce(FIRST, ...[1, 2].map((id) => read({ id, owner: id, plan: "free", seen: 0 }, id)));
  await told(
    ({ partitions }) => partitions.filter(({ nextOffset }) => nextOffset === 2).length === 1,
  );
  await told(({ partitions }) => partitions.every(({ taskState }) => taskState === "running"));
  produce(
    FIRST,
    ...[3, 4, 5, 6, 7, 8, 9].map((id) => insert({ id, owner: id, plan: "free", seen: 0 }, id)),
    ...[3, 4, 5].map((id) => update({ id, owner: id, plan: "free", seen: 1 }, 10 + id)),
    ...[6, 7].map((id) => update({ id, owner: id, plan: "pro", seen: 0 }, 20 + id)),
    ...[remove(9, 30), tombstone(9)],
  );
  // One has no owner, one cannot be read.
  produce(SECOND, insert({ id: 11, owner: null, plan: "free", seen: 0 }, 40));
  pipeline.produce(SECOND, { key: Buffer.from('{"id":12}'), value: Buffer.from("{") });
  await told(({ partitions, syncs, deadLetters }) => {
    const isStored = partitions.length === 2 && partitions.every(({ lag }) => lag.records === 0);
    const isSent = syncs.every(({ messages, messages_delivered: sent }) => messages === sent);
    return isStored && isSent && deadLetters.total === 2;
  });
  shown = await MomentPage.open(browser, url);
}

test("should be those of a pipeline that has done all, in every table, sum and box", async () => {
  const { page, moment } = shown;
  const { status, letters } = moment;
  assert.equal(
    status.syncs.map(({ added, changed, removed, initial_skipped, calls_not_made, messages }) => [
      ...[added, changed, removed, initial_skipped, calls_not_made, messages],
    ]),
    [
      [10, 2, 1, 0, 3, 12],
      [7, 2, 1, 2, 3, 10],
    ],
  );
  assert.equal(
    letters.map(({ code, by }) => [code, by]),
    [
      ["INVALID_JSON", null],
      ["MISSING_USER", "life"],
    ],
  );
  await isAsAnswered(page, moment, null);
  const [first] = await rows(page, "#partitions-table");
  assert.equal(first?.slice(1, 4), ["running", "16 of 16", "none"]);
  assert.match(first?.[4] ?? "", /ago|just now/);
  assert.match(first?.[5] ?? "", /^0 to read, 0 to store, 0 to deliver /);
  assert.match(first?.[6] ?? "", /^[1-9]\d* rows [1-9]/);
});

test("should be those of a pipeline that Segment makes wait: what it holds, how far it is behind, and how fast it was", async () => {
  const { page, moment: before } = shown;
  response = { status: 500 };
  const fresh = Array.from({ length: 200 }, (_, i) => i + 100);
  produce(
    FIRST,
    ...[4, 5, 6].map((id) => update({ id, owner: id, plan: "team", seen: 1 }, 50 + id)),
    ...[7, 8].map((id) => remove(id, 60 + id)),
    ...fresh.map((id) => insert({ id, owner: id, plan: "free", seen: 0 }, id)),
  );
  await told(({ partitions, segment }) => {
    const isPaused = partitions.some(({ taskState }) => taskState === "paused");
    return isPaused && segment.responses.retry > 0;
  });
  const moment = await shown.next();
  await isAsAnswered(page, moment, before.status);
  const [first, second] = await rows(page, "#partitions-table");
  assert.equal([first?.[1], second?.[1]], ["paused", "running"]);
  assert.is(await page.getAttribute("#partitions-table .tone", "data-tone"), "warn");
  assert.match(first?.[3] ?? "", /^205 \d+ d/);
  // The lane takes a whole group past its limit.
  const waiting = /^[1-9]\d* to read, [1-9]\d* to store, [1-9]\d* to deliver [1-9]\d\d /;
  assert.match(first?.[5] ?? "", waiting);
  assert.is(await filled(page), "100%");
  const { health, tone } = await healthOf(page);
  assert.is(tone, "warn");
  assert.is(health[0], "Segment does not take messages now");
  assert.match(
    health[1] ?? "",
    /^Its last answer, at \d\d:\d\d:\d\d: .*500.* tried again; nothing is lost\.$/,
  );
  assert.equal(health.slice(2), [
    "1 partition is paused: a limit is reached, nothing more is fetched until it is worked off.",
    "2 dead letters: the reasons stand below; once their cause is mended, redrive sends them.",
  ]);
});

test("should be those of a pipeline whose consumer was replaced, once all is delivered", async () => {
  response = null;
  pipeline.replaced({ crashed: 3, lost: 2, stalled: 1 });
  await told(({ partitions }) => partitions.every(({ lag }) => lag.records === 0));
  await shown.next();
  const { map, segment } = await boxes(shown.page);
  assert.match(map?.[1] ?? "", /^[1-9][\d.]* messages\/s$/);
  assert.match(segment?.[1] ?? "", /^[1-9][\d.]* messages\/s$/);
  // Of one time alone no rate is known, and everything else is.
  const { page, moment } = await MomentPage.open(browser, url);
  assert.is(moment.messages.length, 2 * 100);
  await isAsAnswered(page, moment, null);
  const { health, tone } = await healthOf(page);
  assert.is(tone, "ok");
  assert.equal(health, [
    "Healthy",
    "Everything that the topics hold is delivered and stored.",
    "2 dead letters: the reasons stand below; once their cause is mended, redrive sends them.",
    "The consumer was replaced 6 times: 3 crashed, 2 lost by the group, 1 silent.",
  ]);
});

test("should be those of a partition whose state is read, with a bar", async () => {
  const held = new HeldChangelog();
  const restored = new WatchedPipeline(settings(), [FIRST], held);
  try {
    const address = await restored.open();
    restored.produce(FIRST, { key: Buffer.from('{"id":1}'), value: null });
    await told(({ partitions }) => partitions[0]?.restore?.done === 1, address);
    const { page, moment } = await MomentPage.open(browser, address);
    await isAsAnswered(page, moment, null);
    const unknown = ["–", "–", "–"];
    assert.equal(await rows(page, "#partitions-table"), [
      [`${TOPIC}/0`, "restoring 1 of 4", "– of 1", ...["–", ...unknown]],
    ]);
    assert.is(await filled(page), "25%");
    const { health, tone } = await healthOf(page);
    assert.equal([tone, health[0]], ["warn", "Not ready: RESTORING"]);
    assert.match(health[1] ?? "", /restoring 1 of 4\.$/);
    assert.match(health[2] ?? "", /^What to do: wait: /);
  } finally {
    held.goOn();
    await restored.end();
  }
});

test.run();

/** A changelog of which the first transaction is read, and the others only when it is told to go on. */
class HeldChangelog extends MemoryChangelog {
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

  goOn(): void {
    this.#rest.resolve();
  }
}

/** How far the first bar of the partitions is filled. */
function filled(page: Page): Promise<string> {
  return page.$eval("#partitions-table .full", ({ style }) => style.width);
}

/** The verdict and the lines below it. */
async function healthOf(page: Page): Promise<{ health: string[]; tone: string | null }> {
  const health = await page.locator("#health p, #health li").allTextContents();
  return { health, tone: await page.getAttribute("#health", "data-tone") };
}

/** All that the page says in tables, sums and boxes. */
async function isAsAnswered(page: Page, moment: Moment, before: Status | null): Promise<void> {
  const { status, messages, letters } = moment;
  const { now, partitions, syncs } = status;
  const tables = {
    partitions: partitions.map((of) => written.partitionRow(of, now)),
    syncs: syncs.map(written.syncRow),
    messages: messages.map((of) => written.messageRow(of, now)),
    deadLetters: letters.map((of) => written.letterRow(of, now)),
  };
  for (const [name, wanted] of Object.entries(tables))
    assert.equal(await rows(page, `#${name}-table`), wanted, name);
  const sums = ["#partitions-sum", "#letters-sum", "#process"];
  assert.equal(await Promise.all(sums.map((at) => text(page, at))), written.sums(status));
  assert.is(await text(page, "#messages-sum"), "The latest 100 of each sync are kept.");
  const flow = written.flow(moment, before);
  assert.equal(await boxes(page), flow);
  const label = (await page.getAttribute("#picture svg", "aria-label")) ?? "";
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
      session: { model: "users", type: "track", userId: "owner", properties: ["plan"], events },
    },
  };
}

function produce(tp: (typeof AT)[number], ...changes: readonly Change[]): void {
  for (const { key, value } of changes)
    pipeline.produce(tp, {
      key: Buffer.from(JSON.stringify(key)),
      value: value === null ? null : Buffer.from(JSON.stringify(value)),
    });
}

/** Waits until the status port says so. */
async function told(isSo: (status: Status) => boolean, of = url): Promise<Status> {
  for (const deadline = Date.now() + 60_000; ; await new Promise((go) => setTimeout(go, 50))) {
    const status = (await (await fetch(`${of}/status`)).json()) as Status;
    if (isSo(status)) return status;
    if (Date.now() > deadline) throw new Error(`the status is ${JSON.stringify(status)}`);
  }
}
