import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ProcessMonitor } from "../../../src/status/process-usage.ts";

const s = suite("status: process usage");

const monitor = new ProcessMonitor();
s.after(() => monitor.close());

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

s("should report the event loop delay since the previous reading", async () => {
  monitor.read();
  // Sampled every 20 ms; the first sample after a reading only sets the start.
  await sleep(100);
  block(400);
  await sleep(100);
  // A busy machine adds to the delay and takes nothing from it.
  assert.ok(monitor.read().eventLoopDelay_ms >= 350);
  assert.is(monitor.read().eventLoopDelay_ms, 0, "nothing was sampled since");
});

s("should report the heap without buffers", () => {
  const before = monitor.read();
  assert.ok(before.resident_bytes > before.heap_bytes && before.heap_bytes > 1e6);
  const buffer = Buffer.alloc(64e6, 1);
  const withBuffer = monitor.read();
  assert.ok(withBuffer.heap_bytes - before.heap_bytes < 32e6);
  const array = new Array(8e6).fill(0.5);
  assert.ok(monitor.read().heap_bytes - withBuffer.heap_bytes > 32e6);
  assert.equal([buffer.length, array.length], [64e6, 8e6], "both are still referenced");
});

s.run();
