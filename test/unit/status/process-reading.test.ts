import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ProcessReader } from "../../../src/status/process-reading.ts";

const s = suite("telemetry: what the process takes");

/** Nothing else runs in the meantime. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** The event loop is looked at every 20 ms: what is due by then has been looked at. */
const look = () => sleep(100);

const reader = new ProcessReader();
s.after(() => reader.close());

s("should say how late the event loop was, and forget it when told", async () => {
  await look();
  // On a machine that is busy itself it is later than that, never less.
  for (let time = 0; time < 20; time += 1) {
    block(70);
    await sleep(0);
  }
  block(400);
  await look();
  const { p50, p99, max } = reader.read().delay_s;
  assert.ok(p50 >= 0.04, `p50 ${p50}`);
  assert.ok(max >= 0.35, `max ${max}`);
  assert.ok(p99 >= 0.35, `p99 ${p99}`);
  assert.ok(p50 <= p99 && p99 <= max, `${p50} ${p99} ${max}`);
  reader.reset();
  assert.equal(reader.read().delay_s, { p50: 0, p99: 0, max: 0 });
});

s("should say in seconds which processor time it took, user's and system's", () => {
  const total_s = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
  const before = total_s();
  const first = reader.read().cpu_s;
  assert.ok(before <= first && first <= total_s(), `${before} ${first}`);
  while (total_s() < first + 0.05) block(10);
  assert.ok(reader.read().cpu_s >= first + 0.05);
});

s("should tell memory of the heap from memory outside of it", () => {
  const before = reader.read();
  assert.ok(before.resident_bytes > before.heap_bytes && before.heap_bytes > 1e6);
  const outside = Buffer.alloc(64e6, 1);
  const withBuffer = reader.read();
  assert.ok(withBuffer.external_bytes - before.external_bytes >= 64e6);
  assert.ok(withBuffer.heap_bytes - before.heap_bytes < 32e6);
  const onHeap = new Array(8e6).fill(0.5);
  const withArray = reader.read();
  assert.ok(withArray.heap_bytes - withBuffer.heap_bytes > 32e6);
  assert.ok(withArray.external_bytes - withBuffer.external_bytes < 32e6);
  assert.equal([outside.length, onHeap.length], [64e6, 8e6], "both are still held");
});

s.run();
