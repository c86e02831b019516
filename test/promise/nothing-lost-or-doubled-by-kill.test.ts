import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment, type ReceivedMessage } from "../../src/cli/demo/mock-segment.ts";
import { recordedChanges } from "../support/changes.ts";
import { start } from "../support/command-line.ts";

/**
 * A replay that is killed (SIGKILL) between delivery and checkpoint, and started again, delivers by messageId exactly
 * what an undisturbed replay delivers, and each row's messages in the same order.
 *
 * The mock Segment server chooses the moment: it kills the process inside a request. It takes the batch, so Segment has
 * the messages, and the process dies before it reads the response, so no checkpoint covers them.
 */

const TOPIC = "app.public.users";
const KILLS = 12;

/** Requests between two kills: enough that some checkpoints of at most 300 rows are written in between. */
const REQUESTS_PER_START = 8;

const directory = mkdtempSync(join(tmpdir(), "killed-"));
const feed = join(directory, "feed.ndjson");
const config = join(directory, "config.json");
const promise = suite("a replay killed between delivery and checkpoint");

promise.before(() => {
  const lines = recordedChanges({
    topic: TOPIC,
    records: 30_000,
    keys: 3_000,
    partitions: 4,
    seed: 1,
  });
  writeFileSync(feed, `${[...lines].join("\n")}\n`);
  writeFileSync(config, JSON.stringify(SETTINGS));
});

promise.after(() => rmSync(directory, { recursive: true }));

const SETTINGS = {
  name: "killed",
  state: { directory: "${STATE}" },
  segment: { writeKey: "none", url: "${SEGMENT_URL}" },
  checkpoint: { interval: "50ms", rows: 300 },
  limits: { deliveryMessages: 500 },
  models: { users: { topic: TOPIC }, paying: { topic: TOPIC, where: 'row.plan != "free"' } },
  syncs: {
    profile: { model: "users", type: "identify", userId: "id", traits: ["email", "plan"] },
    session: {
      model: "users",
      type: "track",
      userId: "id",
      events: { added: "Added", changed: "Changed", removed: "Removed" },
      properties: ["plan"],
    },
    paying: { model: "paying", type: "track-entered-exited", userId: "id", initialResults: "send" },
  },
};

promise("should deliver what an undisturbed replay delivers", async () => {
  const undisturbed = await replay("undisturbed", 0);
  const killed = await replay("killed", KILLS);
  assert.is(killed.kills, KILLS);
  assert.ok(
    killed.received.length > killed.accepted.length,
    "each kill repeats at least one batch",
  );
  assert.equal(ids(killed.accepted).toSorted(), ids(undisturbed.accepted).toSorted());
  assert.equal(ordered(killed.accepted), ordered(undisturbed.accepted));
});

type Result = {
  readonly received: readonly ReceivedMessage[];
  readonly accepted: readonly ReceivedMessage[];
  readonly kills: number;
};

/** Replays until the input ends. The first `kills` processes are killed inside their eighth request. */
async function replay(name: string, kills: number): Promise<Result> {
  let done = 0;
  let requests = 0;
  let kill = () => {};
  const segment = await MockSegment.start({
    faultFor: () => {
      requests += 1;
      if (done < kills && requests === REQUESTS_PER_START) kill();
      return { status: 200 };
    },
  });
  const env = { SEGMENT_URL: segment.url, STATE: join(directory, name) };
  try {
    for (;;) {
      requests = 0;
      const { child, ended } = start(["replay", "--config", config, feed], env);
      kill = () => child.kill("SIGKILL");
      const result = await ended;
      if (result.signal === null) {
        assert.is(result.code, 0, result.stderr);
        return { received: segment.received, accepted: segment.accepted, kills: done };
      }
      done += 1;
    }
  } finally {
    await segment.stop();
  }
}

function ids(messages: readonly ReceivedMessage[]): string[] {
  return messages.map(({ messageId }) => messageId ?? "");
}

/** The ids of each row's messages, in the order in which Segment kept them. */
function ordered(messages: readonly ReceivedMessage[]): Record<string, string[]> {
  const rows = Map.groupBy(messages, ({ userId }) => userId ?? "");
  return Object.fromEntries([...rows].map(([row, list]) => [row, ids(list)] as const).toSorted());
}

promise.run();
