import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Status } from "../../src/status/status.ts";
import { type Ended, start } from "../support/command-line.ts";
import { EchoingServer } from "../support/echoing-server.ts";
import { leaksIn, SECRETS } from "../support/secrets.ts";
import { StatusPort } from "../support/status-port.ts";
import { WRONG_FILES } from "../support/wrong-files.ts";

/** The real commands with a secret in every setting that can have one, against servers that quote it: no output contains it. */

const promise = suite("secrets are never printed");
const root = mkdtempSync(join(tmpdir(), "no-secret-"));
promise.after(() => rmSync(root, { recursive: true }));

/** An unreachable Kafka is tried for about 20 s; a command that takes longer hangs. */
const WITHIN_MS = 60_000;

/** The exit code after a second SIGTERM. */
const STOPPED = 143;

/** All paths of the status port. */
const STATUS_PATHS = [
  ...["/metrics", "/live", "/ready", "/status", "/status/messages", "/status/dead-letters"],
  ...["/status/messages?sync=none", "/none"],
];

/** No process listens on this port. */
const CLOSED = "127.0.0.1:1";

const ENVIRONMENT = {
  WRITE_KEY: SECRETS.writeKey,
  SASL_PASSWORD: SECRETS.sasl,
  REGISTRY_PASSWORD: SECRETS.registry,
  LONG: SECRETS.long,
  QUOTED: SECRETS.sasl,
  DATABASE_PASSWORD: SECRETS.plain,
  HTTP_PROXY: `http://app:${SECRETS.proxy}@${CLOSED}`,
  HTTPS_PROXY: `http://app:${SECRETS.proxy}@${CLOSED}`,
  KAFKAJS_LOG_LEVEL: "debug",
};

promise("should find a secret in every encoded form", () => {
  assert.equal(leaksIn("it is not valid"), []);
  const { writeKey } = SECRETS;
  for (const login of [writeKey, `${writeKey}:`, `u:${writeKey}`, `me:${writeKey}`]) {
    const bytes = Buffer.from(login);
    for (const form of [login, bytes.toString("base64"), encodeURIComponent(login)])
      assert.ok(leaksIn(`x ${form}`).length > 0, form);
  }
});

for (const [title, text] of Object.entries(WRONG_FILES)) {
  promise(`should not be shown by check: ${title}`, async () => {
    const { directory, config } = file(title, text);
    const { code, stderr } = await quiet(directory, ["check", "--config", config]);
    assert.is(code, 2, stderr);
    assert.match(stderr, /^CONFIGURATION: .*config\.yaml/);
  });
}

const FORMATS = ["json", "pretty"];

promise("should not be logged when no server listens", () =>
  together(FORMATS, async (format) => {
    const { directory, config } = file(`closed-${format}`, settings({ log: format }));
    const input = rows(directory);
    const ends = await Promise.all([
      quiet(directory, ["check", "--config", config]),
      quiet(directory, ["check", "--config", config, "--connect"]),
      quiet(directory, ["record", "--config", config]),
      quiet(directory, ["run", "--config", config]),
      quiet(directory, ["preview", "--config", config, input]),
      quiet(directory, ["replay", "--config", config, input], /retrying/),
    ]);
    assert.equal(
      ends.map(({ code }) => code),
      [0, 1, 1, 1, 0, STOPPED],
    );
    assert.match(
      ends[3]?.stderr ?? "",
      /BROKER_UNREACHABLE.*127\.0\.0\.1:1|127\.0\.0\.1:1.*\n.*BROKER_UNREACHABLE/,
    );
  }),
);

promise("should not be served on the status port", async () => {
  const { config } = file("status", settings({ log: "json" }));
  const port = await StatusPort.of(config, ENVIRONMENT);
  for (const path of STATUS_PATHS) {
    const text = await port.text(path);
    assert.ok(text.length > 10, path);
    assert.equal(leaksIn(text), [], path);
  }
  const { settings: shown } = await port.json<Status>("/status");
  assert.match(JSON.stringify(shown), /"writeKey":"\(hidden\)".*|"password":"\(hidden\)"/);
  const failing = await port.get("/ready");
  assert.is(failing.status, 503);
  port.child.kill("SIGKILL");
  const { stderr } = await port.ended;
  assert.equal(leaksIn(stderr), []);
});

for (const format of FORMATS) {
  promise(`should not be logged when Segment rejects and quotes it, ${format}`, () =>
    together([302, 400, 401, 407, 429, 500], async (status) => {
      const server = await EchoingServer.open(status);
      const { directory, config } = file(
        `${status}-${format}`,
        settings({ log: format, url: server.url }),
      );
      const again = status === 429 || status >= 500 ? /retrying/ : undefined;
      const { code, stderr } = await quiet(
        directory,
        ["replay", "--config", config, rows(directory)],
        again,
      );
      assert.ok(server.requests > 0);
      if (again) assert.is(code, STOPPED, stderr);
      else assert.is(code, status === 302 || status === 401 ? 1 : 0, stderr);
      if (status === 400) assert.match(deadLetters(directory), /REFUSED_BY_SEGMENT.*\(hidden\)/);
      await server.close();
    }),
  );
}

promise("should not be logged when the registry quotes it in an error", () =>
  together([401, 403, 404, 422, 500], async (status) => {
    const server = await EchoingServer.open(status);
    const { directory, config } = file(`registry-${status}`, settings({ registry: server.url }));
    const input = rows(directory, true);
    const again = status === 500 ? /retrying/ : undefined;
    const accepted = join(directory, "dead-letters.ndjson");
    const args = ["preview", "--config", config, "--dead-letters", accepted, input];
    const { code, stderr } = await quiet(directory, args, again);
    assert.ok(server.requests > 0);
    if (!again) assert.is(code, status === 401 || status === 403 ? 1 : 0, stderr);
    if (code === 0 && !again)
      assert.match(readFileSync(accepted, "utf8"), /UNKNOWN_SCHEMA.*\(hidden\)/);
    await server.close();
  }),
);

promise("should not be logged from files that are not certificates", async () => {
  for (const tls of [["ca"], ["cert", "key"], ["key"]]) {
    const directory = mkdtempSync(join(root, "tls-"));
    const pem = join(directory, "wrong.pem");
    writeFileSync(pem, `-----BEGIN PRIVATE KEY-----\n${SECRETS.file}\n-----END PRIVATE KEY-----\n`);
    const named = Object.fromEntries(tls.map((name) => [name, pem]));
    const { config } = file(`tls-${tls.join("-")}`, settings({ tls: named }));
    const { code, stderr } = await quiet(directory, ["run", "--config", config]);
    assert.is(code, 2, stderr);
    assert.match(stderr, /"code":"CONFIGURATION","msg":"kafka\.tls/);
  }
});

promise.run();

/** Runs them in parallel: they mostly wait. */
async function together<T>(of: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  await Promise.all(of.map(work));
}

type SecretSettings = {
  readonly log?: string;
  readonly url?: string;
  readonly registry?: string;
  readonly tls?: object;
};

/** Settings with a secret, in the file or from the environment, in every setting that can have one. */
function settings({ log = "json", url, registry, tls }: SecretSettings): string {
  return JSON.stringify({
    name: "quiet",
    kafka: {
      brokers: [CLOSED],
      tls,
      sasl: { mechanism: "plain", username: "app", password: "${SASL_PASSWORD}" },
      schemaRegistry: {
        url: registry ?? `http://${CLOSED}`,
        username: "app",
        password: registry ? SECRETS.registry : "${REGISTRY_PASSWORD}",
      },
    },
    segment: { writeKey: url ? SECRETS.writeKey : "${WRITE_KEY}", url: url ?? `http://${CLOSED}` },
    state: { directory: "STATE" },
    log: { level: "debug", format: log },
    status: { port: 0 },
    models: { rows: { topic: "rows" } },
    syncs: { rows: { model: "rows", type: "identify", userId: "id", traits: ["id"] } },
  });
}

function file(title: string, text: string): { directory: string; config: string } {
  const directory = join(root, title.replaceAll(/\W+/g, "-"));
  const config = join(directory, "config.yaml");
  mkdirSync(directory);
  writeFileSync(config, text.replace("STATE", join(directory, "state")));
  return { directory, config };
}

/** Three rows. */
function rows(directory: string, isAvro = false): string {
  const path = join(directory, "rows.ndjson");
  const lines = [1, 2, 3].map((id, offset) => ({
    ...{ topic: "rows", partition: 0, offset, key: `{"id":${id}}` },
    ...(isAvro ? { payload_base64: "AAAAAAcC" } : { payload: JSON.stringify({ id }) }),
  }));
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return path;
}

function deadLetters(directory: string): string {
  return readFileSync(join(directory, "state/quiet/replay/dead-letters.ndjson"), "utf8");
}

/** Runs a command to its end, or until it logs `until`. Neither its output nor any file it leaves contains a secret. */
async function quiet(directory: string, args: readonly string[], until?: RegExp): Promise<Ended> {
  const { child, ended } = start(args, ENVIRONMENT);
  if (until) {
    let said = "";
    child.stderr?.on("data", (text: string) => {
      const before = until.test(said);
      said += text;
      if (before || !until.test(said)) return;
      child.kill("SIGTERM");
      // What is undelivered would be waited for; a second signal ends it at once.
      setTimeout(() => child.kill("SIGTERM"), 500).unref();
    });
  }
  const late = setTimeout(() => child.kill("SIGKILL"), WITHIN_MS);
  const end = await ended;
  clearTimeout(late);
  assert.equal(leaksIn(end.stdout), [], end.stdout);
  assert.equal(leaksIn(end.stderr), [], end.stderr);
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    // The file of the settings and those of TLS hold them.
    if (!entry.isFile() || /^config\.yaml$|\.pem$/.test(entry.name)) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), "latin1");
    assert.equal(leaksIn(text), [], entry.name);
  }
  return end;
}
