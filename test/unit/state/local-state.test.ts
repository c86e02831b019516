import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { localState } from "../../../src/state/local-state.ts";

const s = suite("state: partitions with a local store");
const directory = mkdtempSync(join(tmpdir(), "local-state-"));

s.after(() => rmSync(directory, { recursive: true }));

function write(path: string, seconds: number): void {
  const file = join(directory, path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, "");
  utimesSync(file, seconds, seconds);
}

s("should list each partition's directory with its last write", () => {
  write("begun.json", 900);
  write("app.public.users/0/CURRENT", 100);
  write("app.public.users/0/000009.log", 300);
  write("app.public.users/0/LOG", 200);
  write("app.public.users/11/CURRENT", 400);
  write("app.public.users/11.old/CURRENT", 500);
  write("orders/0/CURRENT", 600);
  mkdirSync(join(directory, "orders/1"));
  const found = localState(directory).sort((a, b) => a.position - b.position);
  assert.equal(found, [
    { topic: "app.public.users", partition: 0, position: 300_000 },
    { topic: "app.public.users", partition: 11, position: 400_000 },
    { topic: "orders", partition: 0, position: 600_000 },
  ]);
});

s("should find none if the directory does not exist", () => {
  assert.equal(localState(join(directory, "not", "here")), []);
});

s.run();
