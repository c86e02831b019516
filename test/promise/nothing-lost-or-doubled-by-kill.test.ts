import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Arrived, StandIn } from "../../src/cli/demo/mock-segment.ts";
import { generator, recordedChanges } from "../support/changes.ts";
import { start } from "../support/command-line.ts";

/**
 * A replay that is killed (SIGKILL) at random moments and started again delivers, by messageId, exactly what an
 * undisturbed one delivers, and each row's messages in the same order.
 */

const TOPIC = "app.public.users";
const KILLS = 12;

/** Requests take this long, so that kills fall before, between and after them. */
const DELAY_MS = 40;

const directory = mkdtempSync(join(tmpdir(), "killed-"));
const feed = join(directory, "feed.ndjson");
const config = join(directory, "config.json");
const promise = suite("a replay killed at random moments");

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
  checkpoint: { interval_ms: 50, rows: 300 },
  limits: { lane_messages: 500 },
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

promise("should deliver what an undisturbed one delivers", async () => {
  const undisturbed = await replay("undisturbed", () => Number.POSITIVE_INFINITY, 0);
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const random = generator(seed);
  const killed = await replay("killed", () => 400 + random() * 900, KILLS);

  const about = `SEED=${seed}, ${killed.kills} kills`;
  assert.ok(killed.kills >= 3, `the kills came too late to matter: ${about}`);
  assert.ok(
    killed.arrived.length > killed.kept.length,
    `no kill fell between delivery and checkpoint: ${about}`,
  );
  assert.equal(ids(killed.kept).toSorted(), ids(undisturbed.kept).toSorted(), about);
  assert.equal(ordered(killed.kept), ordered(undisturbed.kept), about);
});

type Result = {
  readonly arrived: readonly Arrived[];
  readonly kept: readonly Arrived[];
  readonly kills: number;
};

/** Replays until it ends by itself, killing it after `lifetime_ms()` for up to `kills` times. */
async function replay(name: string, lifetime_ms: () => number, kills: number): Promise<Result> {
  const standIn = await StandIn.start({ misbehave: () => ({ status: 200, delay_ms: DELAY_MS }) });
  const env = { SEGMENT_URL: standIn.url, STATE: join(directory, name) };
  let done = 0;
  try {
    for (;;) {
      const { child, ended } = start(["replay", "--config", config, feed], env);
      const alive = done < kills ? lifetime_ms() : 60_000;
      const result = await Promise.race([ended, sleep(alive, null, { ref: false })]);
      if (result?.signal === null) {
        assert.is(result.code, 0, result.stderr);
        return { arrived: standIn.arrived, kept: standIn.kept, kills: done };
      }
      assert.ok(done < kills, "the replay did not end");
      done += 1;
      child.kill("SIGKILL");
      await ended;
    }
  } finally {
    await standIn.stop();
  }
}

function ids(messages: readonly Arrived[]): string[] {
  return messages.map(({ messageId }) => messageId ?? "");
}

/** The ids of each row's messages, in the order in which Segment kept them. */
function ordered(messages: readonly Arrived[]): Record<string, string[]> {
  const rows = Map.groupBy(messages, ({ userId }) => userId ?? "");
  return Object.fromEntries([...rows].map(([row, list]) => [row, ids(list)] as const).toSorted());
}

promise.run();
