import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment, type ReceivedMessage } from "../../src/cli/demo/mock-segment.ts";
import { recordedForm } from "../../src/data/recorded-line.ts";
import type { Explanation } from "../../src/explain/explanation.ts";
import { cdcToSegment } from "../support/command-line.ts";
import { recordOf, TOPIC } from "../support/debezium.ts";
import { type Change, insert, update } from "../support/table.ts";

/**
 * After the cause is fixed, redrive sends the messages that a run without the failure would have sent, with the same
 * ids, and never an outdated version of a row.
 */

const promise = suite("redrive sends missed messages");
const directory = mkdtempSync(join(tmpdir(), "redrive-"));
const mockSegments: MockSegment[] = [];
promise.after(async () => {
  await Promise.all(mockSegments.map((mockSegment) => mockSegment.stop()));
  rmSync(directory, { recursive: true });
});

type Sync = { readonly [setting: string]: unknown };

/** A pipeline with its own mock Segment server, which rejects the messages that a test selects. */
async function setUp(changeId: string, sync: Sync = {}) {
  let refuses: (message: ReceivedMessage) => boolean = () => false;
  const mockSegment = await MockSegment.start({
    faultFor: (batch) => (batch.some((message) => refuses(message)) ? { status: 400 } : null),
  });
  mockSegments.push(mockSegment);
  const home = join(directory, changeId);
  const config = `${home}.json`;
  const configure = (more: Sync) =>
    writeFileSync(
      config,
      JSON.stringify({
        // The same in all places: the name is part of every message id.
        name: "shop",
        status: "off",
        state: { directory: home },
        segment: { writeKey: "none", url: mockSegment.url },
        models: { users: { topic: TOPIC } },
        syncs: {
          session: {
            model: "users",
            type: "track",
            userId: "id",
            properties: ["email"],
            events: { added: "Added", changed: "Changed", removed: "Removed" },
            ...more,
          },
        },
      }),
    );
  configure(sync);
  const deadLetters = join(home, "shop/replay/dead-letters.ndjson");
  return {
    mockSegment,
    configure,
    deadLetters,
    reject: (which: (message: ReceivedMessage) => boolean) => {
      refuses = which;
    },
    replay: async (changes: readonly Change[]) => {
      const input = `${home}.ndjson`;
      writeFileSync(input, linesOf(changes));
      const { code, stderr } = await cdcToSegment(["replay", "--config", config, input]);
      assert.is(code, 0, stderr);
    },
    /** Moves the present dead letters to another file, so that new ones do not mix with them. */
    moved: (fix = (text: string) => text) => {
      const file = `${home}-${Date.now()}.dead-letters.ndjson`;
      renameSync(deadLetters, file);
      writeFileSync(file, fix(readFileSync(file, "utf8")));
      return file;
    },
    redrive: (...args: readonly string[]) => cdcToSegment(["redrive", "--config", config, ...args]),
    /** What the state has as the last message about a row: its id and what became of it. */
    last: async (key: number) => {
      const args = ["explain", "--config", config, "--model", "users", "--key", String(key)];
      const { code, stdout, stderr } = await cdcToSegment([...args, "--json"]);
      assert.is(code, 0, stderr);
      const { rows } = JSON.parse(stdout) as Explanation;
      const last = rows[0]?.syncs[0]?.last;
      return [last?.messageId, last?.response.status];
    },
    sentMessages: () =>
      mockSegment.accepted.map(({ event, userId, messageId }) => `${event} ${userId} ${messageId}`),
  };
}

function linesOf(changes: readonly Change[]): string {
  return changes
    .map((change, offset) => `${JSON.stringify(recordedForm(recordOf({ ...change, offset })))}\n`)
    .join("");
}

const row = (id: number, email: string, more: object = {}) => ({ id, email, ...more });
const broken = (change: Change): Change => ({ ...change, value: "{oops" });

type Pipeline = Awaited<ReturnType<typeof setUp>>;

/** Sends everything that `calm` has sent, except that row 3 was added: `outdated` is reported as outdated. */
async function redriveAllButOutdated(
  hit: Pipeline,
  calm: Pipeline,
  file: string,
  outdated: string,
): Promise<void> {
  const { code, stderr } = await hit.redrive(file);
  assert.is(code, 0, stderr);
  assert.match(stderr, new RegExp(`^outdated ${TOPIC}/${outdated}: .*--outdated`, "m"));
  const current = calm.sentMessages().filter((l) => !/Added 3/.test(l));
  assert.equal(hit.sentMessages().toSorted(), current.toSorted());
}

promise("should process fixed records again, each with its own coordinates", async () => {
  const changes = [
    insert(row(1, "a@x"), 10),
    insert(row(2, "b@x"), 11),
    update(row(1, "a2@x"), 12),
    update(row(1, "a3@x"), 13),
    update(row(2, "b2@x"), 14),
  ];
  const calm = await setUp("records-calm");
  await calm.replay(changes);

  const hit = await setUp("records-hit");
  const bad = new Set([1, 2, 4]);
  await hit.replay(changes.map((change, i) => (bad.has(i) ? broken(change) : change)));
  assert.is(hit.sentMessages().length, 2);
  const good = linesOf(changes).split("\n");
  const fix = (text: string) =>
    text.replace(/^.*\n/gm, (line) => {
      const { reason, ...deadLetter } = JSON.parse(line);
      return `${JSON.stringify({ reason, ...JSON.parse(good[deadLetter.offset] as string) })}\n`;
    });
  const file = hit.moved(fix);

  const dry = await hit.redrive("--dry-run", file);
  assert.is(dry.code, 0, dry.stderr);
  assert.equal(
    dry.stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line).properties.email),
    ["b@x", "b2@x"],
  );
  assert.is(hit.sentMessages().length, 2, "a dry run sends nothing");

  const { code, stderr } = await hit.redrive(file);
  assert.is(code, 0, stderr);
  assert.match(stderr, new RegExp(`^outdated ${TOPIC}/0@2 INVALID_JSON: .*changes nothing`, "m"));
  const missed = calm.sentMessages().filter((line) => / 2 /.test(line));
  assert.equal(hit.sentMessages().slice(2), missed, "the ids of a run without the mishap");

  // The rows are stored: the next records are compared with them, and the task continues at its offset.
  const more = [...changes, update(row(2, "b3@x"), 20)];
  await hit.replay(more);
  assert.equal(
    hit.mockSegment.accepted.slice(4).map(({ event, userId }) => `${event} ${userId}`),
    ["Changed 2"],
  );
  await hit.redrive(file);
  assert.is(hit.mockSegment.received.length, 5, "all of it is outdated now");
});

promise(
  "should send rejected messages unchanged, and outdated ones only with --outdated",
  async () => {
    const changes = [
      insert(row(1, "a@x"), 10),
      insert(row(2, "b@x"), 11),
      insert(row(3, "c@x"), 12),
      update(row(3, "c2@x"), 13),
    ];
    const calm = await setUp("refused-calm");
    await calm.replay(changes);

    const hit = await setUp("refused-hit");
    hit.reject(({ event, userId }) => event === "Added" && String(userId) !== "1");
    await hit.replay(changes);
    hit.reject(() => false);
    const file = hit.moved();
    await redriveAllButOutdated(hit, calm, file, "0@2 REFUSED_BY_SEGMENT");
    await hit.redrive("--outdated", file);
    assert.equal(hit.sentMessages().toSorted(), calm.sentMessages().toSorted());
  },
);

promise(
  "should tell changes that no message could be made of, as the settings are now",
  async () => {
    const changes = [
      insert(row(1, "a@x", { due: "yesterday" }), 10),
      insert(row(2, "b@x", { due: "2026-01-01T00:00:00Z" }), 11),
      update(row(2, "b2@x", { due: "tomorrow" }), 12),
      insert(row(3, "c@x", { due: "never" }), 13),
      update(row(3, "c2@x", { due: "2026-01-01T00:00:00Z" }), 14),
    ];
    const calm = await setUp("unsent-calm");
    await calm.replay(changes);

    const hit = await setUp("unsent-hit", { timestamp: "due" });
    await hit.replay(changes);
    assert.is(hit.sentMessages().length, 2);
    assert.equal(await hit.last(1), [null, "deadLettered"]);
    hit.configure({});
    await redriveAllButOutdated(hit, calm, hit.moved(), "0@3 UNREADABLE_TIMESTAMP");
    for (const id of [1, 2, 3]) {
      const [, , messageId] =
        calm
          .sentMessages()
          .findLast((l) => l.split(" ")[1] === `${id}`)
          ?.split(" ") ?? [];
      assert.equal(await hit.last(id), [messageId, "settled"], "and the row knows it");
    }
  },
);

promise("should report a change that was too large to store with its dead letter", async () => {
  const hit = await setUp("large");
  await hit.replay([insert(row(1, "x".repeat(300_000)), 10)]);
  const file = hit.moved((text) => {
    assert.is(JSON.parse(text).reason.code, "MESSAGE_TOO_LARGE");
    return text;
  });
  const { code, stderr } = await hit.redrive(file);
  assert.is(code, 0, stderr);
  assert.match(stderr, /^not redriven .*MESSAGE_TOO_LARGE: .*too large to store/m);
});

promise("should write a dead letter again for a record that fails again", async () => {
  const hit = await setUp("again");
  await hit.replay([insert(row(1, "a@x"), 10), broken(insert(row(2, "b@x"), 11))]);
  const before = readFileSync(hit.deadLetters, "utf8");
  const { code, stderr } = await hit.redrive(hit.moved());
  assert.is(code, 0, stderr);
  assert.match(stderr, new RegExp(`^dead letter again ${TOPIC}/0@1 INVALID_JSON`, "m"));
  assert.is(readFileSync(hit.deadLetters, "utf8"), before);
});

promise("should treat a snapshot's read as the initial result that it was", async () => {
  const read = (id: number, email: string, lsn: number) => ({
    ...insert(row(id, email), lsn, { snapshot: "true" }),
  });
  const asRead = (change: Change): Change => ({
    ...change,
    value: { ...(change.value as object), op: "r" },
  });
  const changes = [
    asRead(read(1, "a@x", 10)),
    update(row(9, "z@x"), 11),
    insert(row(2, "b@x"), 12),
  ];
  const hit = await setUp("initial");
  await hit.replay([broken(changes[0] as Change), ...changes.slice(1)]);
  const good = linesOf(changes).split("\n");
  const file = hit.moved(
    (text) => `${JSON.stringify({ ...JSON.parse(text), ...JSON.parse(good[0] as string) })}\n`,
  );
  const { code, stderr } = await hit.redrive(file);
  assert.is(code, 0, stderr);
  assert.equal(
    hit.mockSegment.accepted.map(({ event, userId }) => `${event} ${userId}`),
    ["Added 2"],
  );
});

promise(
  "should reject a missing state, and dead letters that would be written into the input",
  async () => {
    const hit = await setUp("refuses");
    await hit.replay([broken(insert(row(1, "a@x"), 10))]);
    const own = await hit.redrive(hit.deadLetters);
    assert.is(own.code, 2);
    assert.match(own.stderr, /ARGUMENTS: .*move this one/);
    const file = hit.moved();
    rmSync(join(directory, "refuses/shop/replay/tasks"), { recursive: true });
    const { code, stderr } = await hit.redrive(file);
    assert.is(code, 1);
    assert.match(stderr, /REDRIVE_REFUSED: .* it has no state here/);
    // It created no state either, which the next redrive would use as the state of the service.
    assert.is((await hit.redrive(file)).code, 1);
  },
);

promise.run();
