import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  type ControlMessage,
  decodeControlMessage,
  encodeControlMessage,
} from "../../../src/coordination/control-message.ts";
import { TopicControl } from "../../../src/coordination/topic-control.ts";
import type { CdcError } from "../../../src/lib/errors.ts";
import { noopLogger } from "../../../src/lib/logger.ts";
import { FakeSource } from "../../support/fake-source.ts";
import { flush, VirtualClock } from "../../support/virtual-clock.ts";

const s = suite("control: a topic");
const TP = { topic: "shop.control", partition: 0 };

const deadLetter = (name: string): ControlMessage => ({
  kind: "truncated",
  topic: "t",
  partition: 1,
  name,
});

/** A process over the topic that all processes share. */
function process(topic: FakeSource, onDataLoss: "stop" | "continue" = "stop") {
  const failures: unknown[] = [];
  const clock = new VirtualClock();
  let rejections = 0;
  const control = new TopicControl({
    topic: TP.topic,
    log: {
      append: async (entries) => {
        if (rejections-- > 0) throw new Error("the broker is away");
        for (const entry of entries) topic.produce(TP, { ...entry, headers: {}, timestamp: 0 });
      },
      close: async () => {},
    },
    source: {
      start: async (listener) => {
        await topic.start(listener);
        topic.assign([TP]);
      },
      pause: (tp) => topic.pause(tp),
      resume: (tp) => topic.resume(tp),
      seek: (tp, offset) => topic.seek(tp, offset),
      range: (tp) => topic.range(tp),
      partitions: (name) => topic.partitions(name),
      owns: (tp) => topic.owns(tp),
      commit: (tp, offset) => topic.commit(tp, offset),
      stop: () => topic.stop(),
    },
    onDataLoss,
    clock,
    logger: noopLogger,
    onFailure: (error) => failures.push(error),
  });
  const reject = (times: number) => {
    rejections = times;
  };
  return { control, clock, failures, reject };
}

async function heard(control: TopicControl, name: string, from: number) {
  const got: [string, number][] = [];
  await control.listen(name, from, ({ messages, next }) => {
    for (const one of messages) got.push([one.kind === "truncated" ? one.name : one.kind, next]);
  });
  return got;
}

s("should deliver everything from the listener's place on, whoever sent it", async () => {
  const { control } = process(new FakeSource());
  await control.send([deadLetter("x"), deadLetter("y")]);
  const got = await heard(control, "a", 1);
  await flush();
  await control.send([deadLetter("z")]);
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
    await control.send([deadLetter("x"), deadLetter("y")]);
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
  const { control, clock, reject } = process(new FakeSource());
  const got = await heard(control, "a", 0);
  reject(3);
  const sent = control.send([deadLetter("x")]);
  await clock.advance(60_000);
  await sent;
  await flush();
  assert.equal(got, [["x", 1]]);
  await control.close();
});

s("should refuse to go on where letters are gone, unless it is told to", async () => {
  const topic = new FakeSource();
  const first = process(topic).control;
  await first.send(["a", "b", "c", "d"].map(deadLetter));
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
  await control.send(["a", "b"].map(deadLetter));
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
  topic.produce(TP, { key: null, value: Buffer.from("nonsense"), headers: {}, timestamp: 0 });
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
    sourcePosition: "postgresql|1",
    record,
    changeId: "p",
    skippedSyncs: ["x"],
  };
  const sent: ControlMessage = { kind: "truncate", topic: "t", partition: 2, removal };
  assert.equal(decodeControlMessage(encodeControlMessage(sent), "sent"), sent);
});

s.run();
