import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Fault, MockSegment } from "../../src/cli/demo/mock-segment.ts";
import { cdcToSegment, start } from "../support/command-line.ts";

/** A replay that exits with 0 has delivered everything; any other end says so, and the next start goes on from there. */

const promise = suite("how a replay ended");
const directory = mkdtempSync(join(tmpdir(), "replay-ended-"));
promise.after(() => rmSync(directory, { recursive: true }));

type Setup = {
  readonly rows: number;
  readonly text?: string;
  readonly faultFor?: () => Fault | null;
};

/** A pipeline of its own with a file of new rows and a Segment of its own. */
async function setUp(name: string, { rows, text = "", faultFor = () => null }: Setup) {
  let behave = faultFor;
  const mockSegment = await MockSegment.start({ faultFor: () => behave() });
  const input = join(directory, `${name}.ndjson`);
  const config = join(directory, `${name}.json`);
  writeFileSync(input, recorded(rows, text));
  writeFileSync(
    config,
    JSON.stringify({
      name,
      state: { directory: join(directory, "state") },
      segment: { writeKey: "none", url: mockSegment.url },
      models: { rows: { topic: "rows" } },
      syncs: { rows: { model: "rows", type: "identify", userId: "id", traits: ["id", "text"] } },
    }),
  );
  return {
    mockSegment,
    args: ["replay", "--config", config, input] as const,
    config,
    fix: () => {
      behave = () => null;
    },
  };
}

function recorded(rows: number, text: string, first = 1): string {
  return Array.from({ length: rows }, (_, offset) => {
    const payload = JSON.stringify({ id: first + offset, text });
    return `${JSON.stringify({ topic: "rows", partition: 0, offset, key: `{"id":${first + offset}}`, payload })}\n`;
  }).join("");
}

promise(
  "should wait for a slow Segment at the end of its input, however long that takes",
  async () => {
    // Twelve requests of two seconds: longer than the time that a stop by signal gives.
    const slow = {
      rows: 220,
      text: "x".repeat(25_000),
      faultFor: () => ({ status: 200, delay_ms: 2_000 }),
    };
    const { mockSegment, args } = await setUp("slow", slow);
    const { code, stderr } = await cdcToSegment(args);
    assert.is(code, 0, stderr);
    assert.is(mockSegment.accepted.length, 220);
    await mockSegment.stop();
  },
);

for (const status of [401, 404]) {
  promise(
    `should exit with 1 after HTTP ${status} of Segment, and deliver everything once that is fixed`,
    async () => {
      const { mockSegment, args, fix } = await setUp(`refused-${status}`, {
        rows: 3,
        faultFor: () => ({ status }),
      });
      const rejected = await cdcToSegment(args);
      assert.is(rejected.code, 1);
      assert.match(rejected.stderr, new RegExp(`SEGMENT_.*HTTP ${status}`));
      fix();
      assert.is((await cdcToSegment(args)).code, 0);
      assert.is(mockSegment.accepted.length, 3);
      await mockSegment.stop();
    },
  );
}

promise("should end with 1 where it was stopped, and go on from there", async () => {
  const { mockSegment, args, fix } = await setUp("stopped", {
    rows: 3,
    faultFor: () => ({ status: 503 }),
  });
  const { child, ended } = start(args);
  while (mockSegment.requests === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  fix();
  child.kill("SIGTERM");
  const { code, stderr } = await ended;
  assert.is(code, 1);
  assert.match(stderr, /stopped before the end/);
  assert.is((await cdcToSegment(args)).code, 0);
  assert.is(mockSegment.accepted.length, 3);
  await mockSegment.stop();
});

promise("should not take another input for one that it has delivered", async () => {
  const { mockSegment, args, config } = await setUp("first", { rows: 3 });
  assert.is((await cdcToSegment(args)).code, 0);
  const other = join(directory, "other.ndjson");
  writeFileSync(other, recorded(3, "", 100));
  const { code, stderr } = await cdcToSegment(["replay", "--config", config, other]);
  assert.is(code, 1);
  assert.match(stderr, /OTHER_INPUT: line 1: rows\/0@0 is below offset 3/);
  assert.is(mockSegment.accepted.length, 3);
  await mockSegment.stop();
});

promise.run();
