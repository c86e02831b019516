import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cdcToSegment } from "../support/command-line.ts";

/** The log of a service consists of lines, and one of them has the error that ended it. */

const test = suite("how run ends");
const directory = mkdtempSync(join(tmpdir(), "run-ends-"));
const SECRET = "write-key-of-a-run-that-ends";
/** The status port of the settings. */
const taken = createServer();
let port = 0;

test.before(async () => {
  taken.listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  ({ port } = taken.address() as { port: number });
});

test.after(() => {
  taken.close();
  rmSync(directory, { recursive: true });
});

test("should be a log line with the code of the error", async () => {
  const { code, stdout, stderr } = await run("json", { port });
  assert.equal([code, stdout], [2, ""]);
  const { level, code: named, msg, ...rest } = JSON.parse(stderr);
  assert.equal([level, named, Object.keys(rest)], [50, "CONFIGURATION", ["time"]]);
  assert.match(msg, /^status: cannot listen at .*another process uses the port/);
});

test("should be a readable log line if the format is text", async () => {
  const { code, stderr } = await run("pretty", { port });
  assert.is(code, 2);
  assert.match(stderr, /^\[\d\d:\d\d:\d\d\] ERROR: status: cannot listen at .*\n.*CONFIGURATION/);
});

test("should be a log of lines only if Kafka is unavailable", async () => {
  const { code, stderr } = await run("json", "off");
  assert.is(code, 1);
  const lines = stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const ends = lines.filter(({ level }) => level === 50);
  assert.equal(
    ends.map(({ code: named }) => named),
    ["BROKER_UNREACHABLE"],
  );
  assert.match(ends[0].msg, /127\.0\.0\.1:1/);
});

test("should be plain text before the settings are read, and from other commands", async () => {
  const none = join(directory, "none.yaml");
  for (const args of [
    ["run", "--config", none],
    ["check", "--config", none],
  ]) {
    const { code, stderr } = await cdcToSegment(args);
    assert.is(code, 2);
    assert.match(stderr, /^CONFIGURATION: the configuration .*none\.yaml cannot be read/);
  }
});

test.run();

async function run(format: string, status: object | "off") {
  const config = join(directory, "config.json");
  const settings = {
    ...{ name: "ends", kafka: { brokers: ["127.0.0.1:1"] }, status, log: { format } },
    ...{ segment: { writeKey: SECRET }, state: { directory: join(directory, "state") } },
    models: { users: { topic: "users" } },
    syncs: { profiles: { model: "users", type: "identify", userId: "id" } },
  };
  writeFileSync(config, JSON.stringify(settings));
  const ended = await cdcToSegment(["run", "--config", config]);
  assert.not.match(ended.stderr, SECRET);
  return ended;
}
