import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { run } from "../stack/run.ts";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import { start } from "../support/command-line.ts";
import { EchoingServer } from "../support/echoing-server.ts";

/** Segment behind TLS: reached where the certificate is vouched for, and never where it is not. */

const WITHIN_MS = 10_000;

const test = suite("reaching Segment");
const directory = mkdtempSync(join(tmpdir(), "segment-access-"));
const input = join(directory, "rows.ndjson");
let certificates: {
  readonly [name in keyof Certificates | "itself"]: { key: string; cert: string };
};

test.before(async () => {
  const [key, cert] = [join(directory, "itself.key"), join(directory, "itself.pem")];
  await run("openssl", [
    ...["req", "-x509", "-days", "1", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ...["-nodes", "-subj", "/CN=itself", "-addext", "subjectAltName=IP:127.0.0.1"],
    ...["-keyout", key, "-out", cert],
  ]);
  certificates = { ...(await makeCertificates(directory)), itself: { key, cert } };
  const row = { topic: "rows", partition: 0, offset: 0, key: '{"id":1}', payload: '{"id":1}' };
  writeFileSync(input, `${JSON.stringify(row)}\n`);
});

test.after(() => rmSync(directory, { recursive: true }));

test("should be trusted with a CA certificate of our own", async () => {
  const { code, stderr, requests } = await replay("server", { ca: certificates.ca.cert });
  assert.is(code, 0, stderr);
  assert.is(requests, 1);
});

const REJECTED = [
  ["an unknown CA", "server", () => ({})],
  ["a self-signed certificate", "itself", () => ({})],
  ["another CA", "server", () => ({ ca: certificates.otherCa.cert })],
  ["another host's certificate", "elsewhere", () => ({ ca: certificates.ca.cert })],
] as const;

for (const [title, name, segment] of REJECTED) {
  test(`should be rejected with ${title}`, async () => {
    const { code, stderr, requests } = await replay(name, segment());
    assert.is(code, 1, stderr);
    assert.match(stderr, /SEGMENT_ADDRESS: the certificate .* cannot be verified \(.*segment\.ca/);
    assert.match(stderr, /Nothing is lost/);
    assert.is(requests, 0);
  });
}

test("should report a file that is not a CA certificate", async () => {
  const { code, stderr } = await replay("server", { ca: certificates.ca.key });
  assert.is(code, 2, stderr);
  assert.match(
    stderr,
    /^CONFIGURATION: segment\.ca: .*ca\.key cannot be read as a PEM certificate/,
  );
});

test.run();

/** Replays one row to a server with this certificate, in a process whose environment turns verification off. */
async function replay(name: keyof Certificates | "itself", segment: { readonly ca?: string }) {
  const { key, cert } = certificates[name];
  const tls = { key: readFileSync(key), cert: readFileSync(cert) };
  const server = await EchoingServer.open(200, tls);
  const config = join(directory, "config.json");
  const state = mkdtempSync(join(directory, "state-"));
  writeFileSync(
    config,
    JSON.stringify({
      name: "access",
      state: { directory: state },
      segment: { writeKey: "none", url: server.url, ...segment },
      models: { rows: { topic: "rows" } },
      syncs: { rows: { model: "rows", type: "identify", userId: "id" } },
    }),
  );
  const env = { NODE_TLS_REJECT_UNAUTHORIZED: "0" };
  const { child, ended: end } = start(["replay", "--config", config, input], env);
  // An error that is treated as retryable would be retried for ever.
  const late = setTimeout(() => child.kill("SIGINT"), WITHIN_MS);
  const ended = await end;
  clearTimeout(late);
  await server.close();
  return { ...ended, requests: server.requests };
}
