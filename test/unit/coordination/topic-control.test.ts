import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  decodeLetter,
  encodeLetter,
  type Letter,
} from "../../../src/coordination/control-message.ts";
import { TopicControl } from "../../../src/coordination/topic-control.ts";
import type { CdcError } from "../../../src/lib/errors.ts";
import { silent } from "../../../src/lib/logger.ts";
import { FakeSource } from "../../support/fake-source.ts";
import { flush, VirtualClock } from "../../support/virtual-clock.ts";

const s = suite("control: a topic");
const AT = { topic: "shop.control", partition: 0 };

const letter = (name: string): Letter => ({ kind: "truncated", topic: "t", partition: 1, name });

/** A process over the topic that all processes share. */
function process(topic: FakeSource, onGap: "stop" | "continue" = "stop") {
  const failures: unknown[] = [];
  const clock = new VirtualClock();
  let refusals = 0;
  const control = new TopicControl({
    topic: AT.topic,
    log: {
      append: async (entries) => {
        if (refusals-- > 0) throw new Error("the broker is away");
        for (const entry of entries) topic.produce(AT, { ...entry, headers: {}, timestamp: 0 });
      },
      close: async () => {},
    },
    source: {
      start: async (listener) => {
        await topic.start(listener);
        topic.assign([AT]);
      },
      pause: (at) => topic.pause(at),
      resume: (at) => topic.resume(at),
      seek: (at, offset) => topic.seek(at, offset),
      range: (at) => topic.range(at),
      partitions: (name) => topic.partitions(name),
      holds: (at) => topic.holds(at),
      commit: (at, offset) => topic.commit(at, offset),
      stop: () => topic.stop(),
    },
    onGap,
    clock,
    logger: silent,
    onFailure: (error) => failures.push(error),
  });
  const refuse = (times: number) => {
    refusals = times;
  };
  return { control, clock, failures, refuse };
}

async function heard(control: TopicControl, name: string, from: number) {
  const got: [string, number][] = [];
  await control.listen(name, from, ({ letters, next }) => {
    for (const one of letters) got.push([one.kind === "truncated" ? one.name : one.kind, next]);
  });
  return got;
}

s("should deliver everything from the listener's place on, whoever sent it", async () => {
  const { control } = process(new FakeSource());
  await control.send([letter("x"), letter("y")]);
  const got = await heard(control, "a", 1);
  await flush();
  await control.send([letter("z")]);
  await flush();
  assert.equal(got, [
    ["y", 2],
    ["z", 3],
  ]);
  await control.close();
});

s(
  "should go back for a listener who is further behind, and repeat nothing to the others",
  async () => {
    const { control } = process(new FakeSource());
    await control.send([letter("x"), letter("y")]);
    const a = await heard(control, "a", 1);
    await flush();
    const b = await heard(control, "b", 0);
    await flush();
    assert.equal(a, [["y", 2]]);
    assert.equal(b, [
      ["x", 1],
      ["y", 2],
    ]);
    await control.close();
  },
);

s("should try again until a letter is durable", async () => {
  const { control, clock, refuse } = process(new FakeSource());
  const got = await heard(control, "a", 0);
  refuse(3);
  const sent = control.send([letter("x")]);
  await clock.advance(60_000);
  await sent;
  await flush();
  assert.equal(got, [["x", 1]]);
  await control.close();
});

s("should refuse to go on where letters are gone, unless it is told to", async () => {
  const topic = new FakeSource();
  const first = process(topic).control;
  await first.send(["a", "b", "c", "d"].map(letter));
  topic.logStart = 3;
  await heard(first, "a", 2).then(
    () => assert.unreachable(),
    (error: CdcError) => {
      assert.is(error.code, "POSITION_LOST");
      assert.match(error.message, /up to offset 2, and that topic now holds 3 to 4/);
    },
  );
  await first.close();
  const { control } = process(topic, "continue");
  const got = await heard(control, "a", 2);
  await flush();
  assert.equal(got, [["d", 4]]);
  await control.close();
});

s("should take the topic as it is for one who has not read it yet", async () => {
  const topic = new FakeSource();
  const { control } = process(topic);
  await control.send(["a", "b"].map(letter));
  topic.logStart = 1;
  const got = await heard(control, "a", 0);
  await flush();
  assert.equal(got, [["b", 2]]);
  await control.close();
});

s("should refuse to go on where the topic was made anew", async () => {
  const { control } = process(new FakeSource());
  await heard(control, "a", 9).then(
    () => assert.unreachable(),
    (error: CdcError) => assert.is(error.code, "POSITION_LOST"),
  );
  await control.close();
});

s("should fail on an entry that is none of ours", async () => {
  const topic = new FakeSource();
  const { control, failures } = process(topic);
  await heard(control, "a", 0);
  topic.produce(AT, { key: null, value: Buffer.from("nonsense"), headers: {}, timestamp: 0 });
  await flush();
  const [{ code, message } = { code: "", message: "" }] = failures as CdcError[];
  assert.is(code, "CONTROL_UNREADABLE");
  assert.match(message, /\/0@0 is an entry of the control log/);
  assert.not.match(message, /nonsense/, "it may be of a row");
  await control.close();
});

s("should give back a removal with the bytes of its record", () => {
  const record = {
    topic: "t",
    partition: 2,
    offset: 7,
    key: null,
    value: Buffer.from([0, 255, 1]),
    headers: { a: "b" },
    timestamp: 5,
  };
  const removal = {
    table: "public.t",
    time: 9,
    position: "postgresql|1",
    record,
    place: "p",
    silent: ["x"],
  };
  const sent: Letter = { kind: "truncate", topic: "t", partition: 2, removal };
  assert.equal(decodeLetter(encodeLetter(sent), "sent"), sent);
});

s.run();
