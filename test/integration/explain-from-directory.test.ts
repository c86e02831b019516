import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment } from "../../src/cli/demo/mock-segment.ts";
import { recordedForm } from "../../src/data/recorded-line.ts";
import { Counters } from "../../src/metrics/counters.ts";
import { StatusServer } from "../../src/status/status-server.ts";
import { Telemetry } from "../../src/status/telemetry.ts";
import { cdcToSegment } from "../support/command-line.ts";
import { recordOf, TOPIC } from "../support/debezium.ts";
import { insert } from "../support/table.ts";

/** `explain` without a running service: what it reports from the state directory, or if there is none. */

const test = suite("explain from the state directory");
const directory = mkdtempSync(join(tmpdir(), "explain-directory-"));
const config = join(directory, "config.json");
const LINE = JSON.stringify(recordedForm(recordOf({ ...insert({ id: 7, email: "a@x" }, 10) })));

test.after(() => rmSync(directory, { recursive: true }));

test("should report that there is no state, in which directory, and what its path is relative to", async () => {
  write({ directory: "./nowhere" });
  const { code, stdout, stderr } = await explain("--key", "7");
  assert.is(code, 1);
  assert.match(stdout, /this machine has no state of the model/);
  const where = join(process.cwd(), "nowhere/shop/run");
  assert.match(stderr, `there is no state in ${where}`);
  assert.match(
    stderr,
    /state\.directory \.\/nowhere is relative to the working directory of the command/,
  );
  assert.not.match(stderr, /read the state in/);
});

test("should not mention the working directory if the path is absolute", async () => {
  write({ directory: join(directory, "nowhere") });
  const { stderr } = await explain("--key", "7");
  assert.match(stderr, `there is no state in ${join(directory, "nowhere/shop/run")}`);
  assert.not.match(stderr, /relative/);
});

test("should not state that a record sends nothing if there is no state", async () => {
  write({ directory: join(directory, "nowhere") });
  const path = join(directory, "record.ndjson");
  writeFileSync(path, LINE);
  const { code, stdout } = await explain("--record", path);
  assert.is(code, 0);
  assert.match(
    stdout,
    /state of app\.public\.users\/0 is not on this machine.*\n.*the messages are not known here/,
  );
});

test("should name the file of the dead letters of a replay", async () => {
  const mockSegment = await MockSegment.start();
  const deadLetters = join(directory, "dead-letters.ndjson");
  const input = join(directory, "input.ndjson");
  writeFileSync(input, `${LINE}\n`);
  for (const [given, file] of [
    [{}, join(directory, "state/shop/replay/dead-letters.ndjson")],
    [{ file: deadLetters }, deadLetters],
  ] as const) {
    write({ directory: join(directory, "state") }, { url: mockSegment.url, deadLetters: given });
    const replayed = await cdcToSegment(["replay", "--config", config, input]);
    assert.is(replayed.code, 0, replayed.stderr);
    const { code, stdout, stderr } = await explain("--key", "7");
    assert.is(code, 0, stderr);
    assert.match(stderr, /read the state in .*shop\/replay\/tasks/);
    assert.match(stdout, `unless its messageId is in the dead letter queue (${file})`);
    assert.not.match(stdout, "shop.dead-letters");
  }
  await mockSegment.stop();
});

test("should read the directory if another pipeline responds at the port, whatever the response", async () => {
  const telemetry = new Telemetry({
    ...{ pipeline: "other", version: "1", counters: new Counters() },
    source: {
      status: {
        ...{ isJoined: true, reason: null, rebalances: 1, next: new Map() },
        restarts: { crashed: 0, lost: 0, stalled: 0 },
      },
      ends: async () => new Map(),
    },
  });
  const about = { host: "127.0.0.1", port: 0, syncs: [], settings: {}, deadLetterTopic: "dlq" };
  const server = await StatusServer.open({ ...about, telemetry });
  const { port } = new URL(server.url);
  // It is not running: its response is an error.
  await fromDirectory(Number(port));
  await server.close();
  const program = createServer((_, response) => {
    response.writeHead(400, { "content-type": "application/json" });
    response.end('{"code":"BAD_REQUEST","reason":"there is no model"}');
  });
  await new Promise<void>((resolve) => program.listen(0, "127.0.0.1", resolve));
  await fromDirectory((program.address() as { port: number }).port);
  program.close();
});

test("should say in the help how a key is written, and that a record is sufficient", async () => {
  const { stdout } = await cdcToSegment(["explain", "--help"]);
  for (const key of ["7", '"a"', '["org1",7]', '{"org":"org1","id":7}']) assert.match(stdout, key);
  assert.match(stdout, /--record .*without --key/);
});

test.run();

async function fromDirectory(port: number): Promise<void> {
  write({ directory: join(directory, "state") }, { status: { port } });
  const { code, stdout, stderr } = await explain("--key", "7");
  assert.is(code, 0, stderr);
  assert.match(stderr, /no service of this pipeline responds here; read the state in /);
  assert.match(stdout, /^row \[7\] of model users, in app\.public\.users\/0\n/);
}

function explain(...args: readonly string[]) {
  return cdcToSegment(["explain", "--config", config, "--model", "users", ...args]);
}

type More = { readonly url?: string; readonly [setting: string]: unknown };

function write(state: object, { url = "http://127.0.0.1:1", ...more }: More = {}): void {
  const settings = {
    ...{ name: "shop", kafka: { brokers: ["127.0.0.1:1"] }, state, status: "off" },
    segment: { writeKey: "key", url },
    models: { users: { topic: TOPIC } },
    syncs: { profiles: { model: "users", type: "identify", userId: "id", traits: ["email"] } },
    ...more,
  };
  writeFileSync(config, JSON.stringify(settings));
}
