import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSettings } from "../../src/config/read.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { noopLogger } from "../../src/lib/logger.ts";
import { Counters } from "../../src/metrics/counters.ts";
import { runPipeline } from "../../src/pipeline.ts";
import { Topology } from "../../src/topology/topology.ts";
import { FakeSegment } from "../support/fake-segment.ts";
import { FakeSource } from "../support/fake-source.ts";

const s = suite("flow: a stop before the start");

const SETTINGS = `name: shop
segment: {writeKey: secret}
models: {users: {topic: users}}
syncs: {profile: {model: users, type: identify, userId: id, traits: [email]}}`;

s("should end at once if the signal arrives while topics are opened", async () => {
  const settings = parseSettings(SETTINGS, "config.yaml", {});
  const source = new FakeSource();
  let isClosed = false;
  const ended = runPipeline(
    {
      settings,
      topology: new Topology(settings),
      directory: "/none",
      runtime: { clock: systemClock, counters: new Counters(), logger: noopLogger },
      ports: {
        source,
        destination: new FakeSegment(),
        deadLetters: { append: async () => {} },
        controlFor: () => ({
          send: async () => {},
          listen: async () => {},
          unlisten: () => {},
          close: async () => {
            isClosed = true;
          },
        }),
        openStore: () => Promise.reject(new Error("no store may be opened")),
      },
    },
    AbortSignal.abort(),
  ).then(() => "ended");
  assert.is(await Promise.race([ended, sleep(2_000, "still running")]), "ended");
  assert.ok(isClosed);
});

s.run();
