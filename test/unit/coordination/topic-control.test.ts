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

const s = suite("coordination: control log in a topic");
const TP = { topic: "shop.control", partition: 0 };

const message = (name: string): ControlMessage => ({
  kind: "truncated",
  topic: "t",
  partition: 1,
  name,
});

/** One process of several that share the topic. */
function process(topic: FakeSource, onDataLoss: "stop" | "continue" = "stop") {
  const failures: unknown[] = [];
  const clock = new VirtualClock();
  let rejections = 0;
  const control = new TopicControl({
    topic: TP.topic,
    journal: {
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

async function listen(control: TopicControl, name: string, from: number) {
  const got: [string, number][] = [];
  await control.listen(name, from, ({ messages, next }) => {
    for (const one of messages) got.push([one.kind === "truncated" ? one.name : one.kind, next]);
  });
  return got;
}

s("should deliver all messages from the listener's offset, of all senders", async () => {
  const { control } = process(new FakeSource());
  await control.send([message("x"), message("y")]);
  const got = await listen(control, "a", 1);
  await flush();
  await control.send([message("z")]);
  await flush();
  assert.equal(got, [
    ["y", 2],
    ["z", 3],
  ]);
  await control.close();
});

s(
  "should seek back for a listener with a lower offset and repeat nothing to the others",
  async () => {
    const { control } = process(new FakeSource());
    await control.send([message("x"), message("y")]);
    const a = await listen(control, "a", 1);
    await flush();
    const b = await listen(control, "b", 0);
    await flush();
    assert.equal(a, [["y", 2]]);
    assert.equal(b, [
      ["x", 1],
      ["y", 2],
    ]);
    await control.close();
  },
);

s("should retry until a message is durable", async () => {
  const { control, clock, reject } = process(new FakeSource());
  const got = await listen(control, "a", 0);
  reject(3);
  const sent = control.send([message("x")]);
  await clock.advance(60_000);
  await sent;
  await flush();
  assert.equal(got, [["x", 1]]);
  await control.close();
});

s("should reject lost messages unless onDataLoss is continue", async () => {
  const topic = new FakeSource();
  const first = process(topic).control;
  await first.send(["a", "b", "c", "d"].map(message));
  topic.logStart = 3;
  await listen(first, "a", 2).then(
    () => assert.unreachable(),
    (error: CdcError) => {
      assert.is(error.code, "POSITION_LOST");
      assert.match(error.message, /up to offset 2, and that topic now has offsets 3 to 4/);
    },
  );
  await first.close();
  const { control } = process(topic, "continue");
  const got = await listen(control, "a", 2);
  await flush();
  assert.equal(got, [["d", 4]]);
  await control.close();
});

s("should start at the first existing message for a task that has read none", async () => {
  const topic = new FakeSource();
  const { control } = process(topic);
  await control.send(["a", "b"].map(message));
  topic.logStart = 1;
  const got = await listen(control, "a", 0);
  await flush();
  assert.equal(got, [["b", 2]]);
  await control.close();
});

s("should reject a topic that was recreated", async () => {
  const { control } = process(new FakeSource());
  await listen(control, "a", 9).then(
    () => assert.unreachable(),
    (error: CdcError) => assert.is(error.code, "POSITION_LOST"),
  );
  await control.close();
});

s("should fail on an entry that is not a control message", async () => {
  const topic = new FakeSource();
  const { control, failures } = process(topic);
  await listen(control, "a", 0);
  topic.produce(TP, { key: null, value: Buffer.from("nonsense"), headers: {}, timestamp: 0 });
  await flush();
  const [{ code, message } = { code: "", message: "" }] = failures as CdcError[];
  assert.is(code, "CONTROL_UNREADABLE");
  assert.match(message, /\/0@0 is an entry of the control log/);
  assert.not.match(message, /nonsense/, "it may be of a row");
  await control.close();
});

s("should decode a removal with the bytes of its record", () => {
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
