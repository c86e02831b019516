import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CdcError } from "../../../src/lib/errors.ts";
import { isLocked, RocksDbStore } from "../../../src/state/rocksdb-store.ts";

const test = suite("state: RocksDB store");
const directory = mkdtempSync(join(tmpdir(), "rocksdb-store-"));
test.after(() => rmSync(directory, { recursive: true }));

test("should open with the memory share of few and of many partitions", async () => {
  const key = Buffer.from("r1");
  for (const [name, bytes] of Object.entries({ few: 256_000_000, some: 42_000_000, many: 1_000 })) {
    const store = await RocksDbStore.open(join(directory, name), bytes);
    await store.write([{ key, value: Buffer.from("x") }]);
    await store.close();
    // The share may change between two starts.
    const again = await RocksDbStore.open(join(directory, name), 64_000_000);
    assert.equal(await again.get([key]), [Buffer.from("x")], name);
    await again.close();
  }
});

test("should fail with STATE_IN_USE if the directory is in use", async () => {
  const home = join(directory, "taken");
  const store = await RocksDbStore.open(home, 64_000_000);
  await RocksDbStore.open(home, 64_000_000).then(
    () => assert.unreachable(),
    (error: CdcError) => assert.is(error.code, "STATE_IN_USE"),
  );
  await store.close();
});

test("should recognise RocksDB's messages for a lock, and no others", () => {
  assert.ok(isLocked("While lock file: /state/0/LOCK: Resource temporarily unavailable"));
  for (const other of [
    "Corruption: block checksum mismatch in /lock/000012.sst",
    "While lock file: /state/0/LOCK: Permission denied",
    "While open a file for appending: /state/lock by current process/LOCK: No space left on device",
  ]) {
    assert.not.ok(isLocked(other), other);
  }
});

test.run();
