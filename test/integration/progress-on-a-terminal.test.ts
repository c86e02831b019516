import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StandIn } from "../../src/demo/stand-in.ts";
import { envelope, TOPIC } from "../support/debezium.ts";

/** `replay` on a real terminal, which `script` of util-linux makes; Segment is slow enough for a person to watch. */

const RECORDS = 6_000;
const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;
const test = suite("progress on a terminal");
const folder = mkdtempSync(join(tmpdir(), "progress-"));

test.after(() => rmSync(folder, { recursive: true }));

test("should rewrite one line with a bar until the replay is done", async () => {
  const standIn = await StandIn.start({ misbehave: () => ({ status: 200, delay_ms: 300 }) });
  const [config, input] = [join(folder, "config.json"), join(folder, "input.ndjson")];
  const settings = {
    ...{ name: "watched", state: { directory: join(folder, "state") } },
    segment: { writeKey: "key", url: standIn.url },
    limits: { lane_messages: 500 },
    models: { users: { topic: TOPIC } },
    syncs: { profile: { model: "users", type: "identify", userId: "id", traits: ["email"] } },
  };
  writeFileSync(config, JSON.stringify(settings));
  writeFileSync(input, Array.from({ length: RECORDS }, (_, i) => line(i)).join(""));
  const replayed = onTerminal([MAIN, "replay", "--config", config, input]);
  const shown = await replayed.finally(() => standIn.stop());

  assert.is(standIn.kept.length, RECORDS, shown);
  const rewritten = shown.split("\r\u001b[K");
  const drawn = rewritten.filter((text) => text.startsWith("replay "));
  assert.ok(drawn.length > 5, shown);
  const parts = drawn.flatMap(
    (text) => /^replay [█░]{24} (\d+) % {2}[\d,]+ lines, /.exec(text)?.[1] ?? [],
  );
  const percents = parts.map(Number);
  assert.ok(
    percents.some((part) => part > 0 && part < 100),
    shown,
  );
  assert.equal(
    percents,
    percents.toSorted((a, b) => a - b),
  );
  assert.match(shown, /\d+ s left/);
  // The line is gone before the summary is written.
  assert.match(rewritten.at(-1) ?? "", /^ +6000 {2}records taken/);
});

function line(id: number): string {
  const value = envelope({ op: "c", after: { id, email: `user${id}@example.com` } });
  return `${JSON.stringify({ topic: TOPIC, partition: 0, offset: id, key: `{"id":${id}}`, payload: JSON.stringify(value) })}\n`;
}

/** Everything that a terminal of 120 columns is told by the command, which has to end well. */
async function onTerminal(args: readonly string[]): Promise<string> {
  const quoted = [process.execPath, ...args].map((arg) => `'${arg}'`).join(" ");
  const command = `stty cols 120 && ${quoted}`;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 60_000,
  });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    shown += text;
  });
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  assert.is(code, 0, shown);
  return shown;
}

test.run();
