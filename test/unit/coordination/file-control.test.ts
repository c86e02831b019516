import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ControlMessage } from "../../../src/coordination/control-message.ts";
import { type FileControl, fileControl } from "../../../src/coordination/file-control.ts";
import type { CdcError } from "../../../src/lib/errors.ts";

const s = suite("control: the log of one process");
let directory = "";
s.before.each(() => {
  directory = mkdtempSync(join(tmpdir(), "control-"));
});
s.after.each(() => rmSync(directory, { recursive: true }));

const deadLetter = (from: string): ControlMessage => ({
  kind: "taken",
  topic: "t",
  partition: 0,
  from,
  to: "[2]",
  sourcePosition: null,
});

/** What a listener got: the letters' keys, each with the offset that follows it. */
async function heard(control: FileControl, name: string, from: number) {
  const got: [string, number][] = [];
  await control.listen(name, from, ({ messages, next }) => {
    for (const one of messages) got.push([one.kind === "taken" ? one.from : one.kind, next]);
  });
  return got;
}

s("should deliver to all who listen before it resolves, in order", async () => {
  const control = fileControl(directory);
  const [a, b] = [await heard(control, "a", 0), await heard(control, "b", 0)];
  await control.send([deadLetter("x")]);
  assert.equal([a, b], [[["x", 1]], [["x", 1]]]);
  await Promise.all([control.send([deadLetter("y")]), control.send([deadLetter("z")])]);
  assert.equal(a, [
    ["x", 1],
    ["y", 2],
    ["z", 3],
  ]);
  await control.close();
});

s(
  "should give a later listener, and a later process, what was there, from its place on",
  async () => {
    const first = fileControl(directory);
    await first.send([deadLetter("x")]);
    await first.send([deadLetter("y")]);
    assert.equal(await heard(first, "late", 1), [["y", 2]]);
    await first.close();
    const second = fileControl(directory);
    const got = await heard(second, "a", 0);
    await second.send([deadLetter("z")]);
    assert.equal(got, [
      ["x", 1],
      ["y", 2],
      ["z", 3],
    ]);
    await second.close();
  },
);

s("should count on where it was when it sends before anybody listens", async () => {
  const first = fileControl(directory);
  await first.send([deadLetter("x")]);
  await first.close();
  const second = fileControl(directory);
  await second.send([deadLetter("y")]);
  assert.equal(await heard(second, "a", 1), [["y", 2]]);
  await second.close();
});

s("should deliver nothing to one who listens no more", async () => {
  const control = fileControl(directory);
  const got = await heard(control, "a", 0);
  control.unlisten("a");
  await control.send([deadLetter("x")]);
  assert.equal(got, []);
  await control.close();
});

s(
  "should cut the half line of a process that was killed, and go on behind the whole ones",
  async () => {
    const first = fileControl(directory);
    await first.send([deadLetter("x")]);
    await first.close();
    appendFileSync(join(directory, "control.ndjson"), '{"kind":"tak');
    const second = fileControl(directory);
    const got = await heard(second, "a", 0);
    await second.send([deadLetter("y")]);
    assert.equal(got, [
      ["x", 1],
      ["y", 2],
    ]);
    await second.close();
  },
);

s("should refuse a line that is none of ours", async () => {
  appendFileSync(join(directory, "control.ndjson"), "nonsense\n");
  const control = fileControl(directory);
  await heard(control, "a", 0).then(
    () => assert.unreachable(),
    (error: CdcError) => assert.is(error.code, "CONTROL_UNREADABLE"),
  );
});

s.run();
