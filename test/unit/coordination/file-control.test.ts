import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ControlMessage } from "../../../src/coordination/control-message.ts";
import { type FileControl, fileControl } from "../../../src/coordination/file-control.ts";
import type { CdcError } from "../../../src/lib/errors.ts";

const s = suite("coordination: control log in a file");
let directory = "";
s.before.each(() => {
  directory = mkdtempSync(join(tmpdir(), "control-"));
});
s.after.each(() => rmSync(directory, { recursive: true }));

const message = (from: string): ControlMessage => ({
  kind: "taken",
  topic: "t",
  partition: 0,
  from,
  to: "[2]",
  sourcePosition: null,
});

/** Listens and collects the messages' keys with the offsets after them. */
async function listen(control: FileControl, name: string, from: number) {
  const got: [string, number][] = [];
  await control.listen(name, from, ({ messages, next }) => {
    for (const one of messages) got.push([one.kind === "taken" ? one.from : one.kind, next]);
  });
  return got;
}

s("should deliver to all listeners in order before send resolves", async () => {
  const control = fileControl(directory);
  const [a, b] = [await listen(control, "a", 0), await listen(control, "b", 0)];
  await control.send([message("x")]);
  assert.equal([a, b], [[["x", 1]], [["x", 1]]]);
  await Promise.all([control.send([message("y")]), control.send([message("z")])]);
  assert.equal(a, [
    ["x", 1],
    ["y", 2],
    ["z", 3],
  ]);
  await control.close();
});

s(
  "should deliver existing messages from its offset to a later listener and a later process",
  async () => {
    const first = fileControl(directory);
    await first.send([message("x")]);
    await first.send([message("y")]);
    assert.equal(await listen(first, "late", 1), [["y", 2]]);
    await first.close();
    const second = fileControl(directory);
    const got = await listen(second, "a", 0);
    await second.send([message("z")]);
    assert.equal(got, [
      ["x", 1],
      ["y", 2],
      ["z", 3],
    ]);
    await second.close();
  },
);

s("should continue its offsets when it sends before it is listened to", async () => {
  const first = fileControl(directory);
  await first.send([message("x")]);
  await first.close();
  const second = fileControl(directory);
  await second.send([message("y")]);
  assert.equal(await listen(second, "a", 1), [["y", 2]]);
  await second.close();
});

s("should deliver nothing after unlisten", async () => {
  const control = fileControl(directory);
  const got = await listen(control, "a", 0);
  control.unlisten("a");
  await control.send([message("x")]);
  assert.equal(got, []);
  await control.close();
});

s(
  "should truncate a partial line of a killed process and continue after the complete lines",
  async () => {
    const first = fileControl(directory);
    await first.send([message("x")]);
    await first.close();
    appendFileSync(join(directory, "control.ndjson"), '{"kind":"tak');
    const second = fileControl(directory);
    const got = await listen(second, "a", 0);
    await second.send([message("y")]);
    assert.equal(got, [
      ["x", 1],
      ["y", 2],
    ]);
    await second.close();
  },
);

s("should reject a line that is not a control message", async () => {
  appendFileSync(join(directory, "control.ndjson"), "nonsense\n");
  const control = fileControl(directory);
  await listen(control, "a", 0).then(
    () => assert.unreachable(),
    (error: CdcError) => assert.is(error.code, "CONTROL_UNREADABLE"),
  );
});

s.run();
