import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as forward, type IncomingMessage, type RequestListener } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import got from "got";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Stack, startStack } from "../stack/stack.ts";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import { cdcToSegment, start } from "../support/command-line.ts";

/** A real registry behind TLS and basic auth: connected, rejected, unavailable, and queried once for each schema. */

const PASSWORD = "hunter2-of-the-registry";
const test = suite("reaching a schema registry");
const directory = mkdtempSync(join(tmpdir(), "registry-access-"));
let stack: Stack;
let certificates: Certificates;
let known: number;
const proxies: AuthenticatingProxy[] = [];

test.before(async () => {
  stack = await startStack({ registry: true });
  certificates = await makeCertificates(directory);
  const schema = JSON.stringify({
    type: "record",
    name: "Value",
    fields: [{ name: "id", type: "long" }],
  });
  const response = got.post(`${stack.registry.url}/subjects/value/versions`, { json: { schema } });
  known = (await response.json<{ id: number }>()).id;
});

test.after(async () => {
  // A failed test must not leave a server that keeps this process running.
  await Promise.all(proxies.map((proxy) => proxy.close()));
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

test("should read through TLS and basic auth, and query each schema once", async () => {
  const proxy = await AuthenticatingProxy.open(0);
  proxies.push(proxy);
  const good = [1, 2, 3, 4, 5].map((id) => record(id, known));
  const unknown = [6, 7, 8, 9, 10].map((id) => record(id, 999_999));
  const records = [...good, ...unknown];
  const { code, stdout, stderr } = await cdcToSegment(preview(proxy.url, records, PASSWORD));
  assert.is(code, 0, stderr);
  assert.is(stdout.trim().split("\n").length, 5);
  assert.match(stderr, /5 {2}records and messages sent to the dead letter queue/);
  assert.equal(proxy.requested, [`/schemas/ids/${known}`, "/schemas/ids/999999"]);
});

test("should stop if the registry rejects the password, without printing it", async () => {
  const proxy = await AuthenticatingProxy.open(0);
  proxies.push(proxy);
  const { code, stderr } = await cdcToSegment(
    preview(proxy.url, [record(1, known)], `${PASSWORD}-of-old`),
  );
  assert.is(code, 1);
  assert.match(stderr, /REGISTRY_REFUSED: .*set kafka\.schemaRegistry\.username and password/);
  assert.not.match(stderr, new RegExp(PASSWORD));
});

test("should wait for an unavailable registry, and lose nothing", async () => {
  const gone = await AuthenticatingProxy.open(0);
  const { port, url } = gone;
  await gone.close();
  const { child, ended } = start(preview(url, [record(1, known)], PASSWORD));
  let logged = "";
  const isWaiting = new Promise<void>((resolve) => {
    child.stderr?.on("data", (text) => {
      logged += text;
      if (/schema registry unavailable; retrying/.test(logged)) resolve();
    });
  });
  const early = await Promise.race([ended, isWaiting]);
  assert.is(early, undefined, "it ended without the registry");
  const back = await AuthenticatingProxy.open(port);
  proxies.push(back);
  const { code, stdout, stderr } = await ended;
  assert.is(code, 0, stderr);
  assert.is(JSON.parse(stdout).userId, "1");
});

/** A proxy with TLS and basic auth in front of the registry; records the requested paths. */
class AuthenticatingProxy {
  readonly requested: string[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(port: number): Promise<AuthenticatingProxy> {
    const { key, cert } = {
      key: readFileSync(certificates.server.key),
      cert: readFileSync(certificates.server.cert),
    };
    const server = createServer({ key, cert });
    const proxy = new AuthenticatingProxy(server);
    server.on("request", proxy.#response);
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  readonly #response: RequestListener = (request, response) => {
    this.requested.push(request.url ?? "");
    const expected = `Basic ${Buffer.from(`app:${PASSWORD}`).toString("base64")}`;
    if (request.headers.authorization !== expected) {
      response.writeHead(401, { "content-type": "application/json" });
      return response.end('{"error_code":401,"message":"Unauthorized"}');
    }
    forward(`${stack.registry.url}${request.url}`, (forwarded: IncomingMessage) => {
      response.writeHead(forwarded.statusCode ?? 500, {
        "content-type": forwarded.headers["content-type"] ?? "",
      });
      forwarded.pipe(response);
    }).end();
  };
}

function preview(url: string, records: readonly string[], password: string): string[] {
  const config = join(directory, "config.json");
  const input = join(directory, "records.ndjson");
  writeFileSync(input, records.join(""));
  const schemaRegistry = { url, username: "app", password, ca: certificates.ca.cert };
  writeFileSync(
    config,
    JSON.stringify({
      name: "access",
      kafka: { brokers: ["127.0.0.1:1"], schemaRegistry },
      segment: { writeKey: "none" },
      models: { t: { topic: "t" } },
      syncs: { t: { model: "t", type: "identify", userId: "id" } },
    }),
  );
  return ["preview", "--config", config, input];
}

/** A row `{id}` in Avro: the zero byte, the schema's id, and a zig-zag byte or two. */
function record(id: number, schema: number): string {
  const value = Buffer.from([
    0,
    0,
    0,
    0,
    0,
    ...(id < 64 ? [id * 2] : [((id * 2) & 0x7f) | 0x80, (id * 2) >> 7]),
  ]);
  value.writeInt32BE(schema, 1);
  return `${JSON.stringify({ topic: "t", partition: 0, offset: id, key: `{"id":${id}}`, payload_base64: value.toString("base64") })}\n`;
}

test.run();
