import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Letter } from "../../../src/coordination/control-message.ts";
import { type FileControl, fileControl } from "../../../src/coordination/file-control.ts";
import type { CdcError } from "../../../src/lib/errors.ts";

const s = suite("control: the log of one process");
let folder = "";
s.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), "control-"));
});
s.after.each(() => rmSync(folder, { recursive: true }));

const letter = (from: string): Letter => ({
  kind: "taken",
  topic: "t",
  partition: 0,
  from,
  to: "[2]",
  position: null,
});

/** What a listener got: the letters' keys, each with the offset that follows it. */
async function heard(control: FileControl, name: string, from: number) {
  const got: [string, number][] = [];
  await control.listen(name, from, ({ letters, next }) => {
    for (const one of letters) got.push([one.kind === "taken" ? one.from : one.kind, next]);
  });
  return got;
}

s("should deliver to all who listen before it resolves, in order", async () => {
  const control = fileControl(folder);
  const [a, b] = [await heard(control, "a", 0), await heard(control, "b", 0)];
  await control.send([letter("x")]);
  assert.equal([a, b], [[["x", 1]], [["x", 1]]]);
  await Promise.all([control.send([letter("y")]), control.send([letter("z")])]);
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
    const first = fileControl(folder);
    await first.send([letter("x")]);
    await first.send([letter("y")]);
    assert.equal(await heard(first, "late", 1), [["y", 2]]);
    await first.close();
    const second = fileControl(folder);
    const got = await heard(second, "a", 0);
    await second.send([letter("z")]);
    assert.equal(got, [
      ["x", 1],
      ["y", 2],
      ["z", 3],
    ]);
    await second.close();
  },
);

s("should count on where it was when it sends before anybody listens", async () => {
  const first = fileControl(folder);
  await first.send([letter("x")]);
  await first.close();
  const second = fileControl(folder);
  await second.send([letter("y")]);
  assert.equal(await heard(second, "a", 1), [["y", 2]]);
  await second.close();
});

s("should deliver nothing to one who listens no more", async () => {
  const control = fileControl(folder);
  const got = await heard(control, "a", 0);
  control.unlisten("a");
  await control.send([letter("x")]);
  assert.equal(got, []);
  await control.close();
});

s(
  "should cut the half line of a process that was killed, and go on behind the whole ones",
  async () => {
    const first = fileControl(folder);
    await first.send([letter("x")]);
    await first.close();
    appendFileSync(join(folder, "control.ndjson"), '{"kind":"tak');
    const second = fileControl(folder);
    const got = await heard(second, "a", 0);
    await second.send([letter("y")]);
    assert.equal(got, [
      ["x", 1],
      ["y", 2],
    ]);
    await second.close();
  },
);

s("should refuse a line that is none of ours", async () => {
  appendFileSync(join(folder, "control.ndjson"), "nonsense\n");
  const control = fileControl(folder);
  await heard(control, "a", 0).then(
    () => assert.unreachable(),
    (error: CdcError) => assert.is(error.code, "CONTROL_UNREADABLE"),
  );
});

s.run();
