import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import fastify from "fastify";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Explanation, Question } from "../../../src/explain/explanation.ts";
import { CdcError } from "../../../src/lib/errors.ts";
import { Counters } from "../../../src/metrics/counters.ts";
import { serveExplain } from "../../../src/status/explain-route.ts";
import { StatusServer } from "../../../src/status/status-server.ts";
import { Telemetry } from "../../../src/status/telemetry.ts";
import { RUNNING } from "../../support/observed.ts";

const s = suite("status: the server");

const open: { close(): unknown }[] = [];
s.after.each(async () => {
  for (const one of open.splice(0)) await one.close();
});

const DEAD_LETTERS = "shop.dead-letters";
const SOURCE = {
  status: {
    ...{ isJoined: true, reason: null, rebalances: 1 },
    restarts: { crashed: 0, lost: 0, stalled: 0 },
    next: new Map(),
  },
  ends: async () => new Map([[0, 12]]),
};

async function served(host = "127.0.0.1") {
  const counters = new Counters();
  const telemetry = new Telemetry({ pipeline: "shop", version: "1", counters, source: SOURCE });
  const syncs = [{ name: "lifecycle", model: "users", type: "track" }] as const;
  const about = {
    host,
    port: 0,
    telemetry,
    syncs,
    settings: { name: "shop" },
    deadLetterTopic: DEAD_LETTERS,
  };
  const server = await StatusServer.open(about);
  open.push(server);
  const get = async (path: string, init?: RequestInit) => {
    const response = await fetch(server.url + path, init);
    const text = await response.text();
    return { code: response.status, text, json: text.startsWith("{") ? JSON.parse(text) : null };
  };
  return { telemetry, server, get };
}

const EXPLAINED: Explanation = {
  ...{ pipeline: "shop", model: "users", key: "[7]", searched: ["users/0"], notSearched: [] },
  ...{ rows: [], record: null },
};
const asked: Question[] = [];
const tasks = {
  isSettled: true,
  taskStatuses: async () => [RUNNING],
  explain: async (question: Question) => {
    asked.push(question);
    if (question.model !== "users") throw new CdcError("ARGUMENTS", "there is no such model");
    return EXPLAINED;
  },
};
const rateLimiter = { status: { wait_ms: 0, throttled_ms: 0 } };

s("should be live before the pipeline runs, and ready afterwards", async () => {
  const { telemetry, get } = await served();
  assert.is((await get("/live")).code, 200);
  const before = await get("/ready");
  assert.equal([before.code, before.json.code], [503, "RESTORING"]);
  assert.ok(before.json.reason && before.json.toDo);
  telemetry.watch({ rateLimiter, tasks });
  const ready = await get("/ready");
  assert.equal([ready.code, ready.json], [200, { status: "ok" }]);
});

s("should be neither live nor ready after an error that ends the pipeline", async () => {
  const { telemetry, get } = await served();
  telemetry.watch({ rateLimiter, tasks });
  telemetry.failed(new CdcError("SEGMENT_CREDENTIALS", "the key is refused"));
  for (const path of ["/live", "/ready"]) {
    const { code, json } = await get(path);
    assert.equal([code, json.code], [503, "FAILED"]);
    assert.match(json.reason, /SEGMENT_CREDENTIALS: the key is refused/);
  }
});

s("should serve metrics, status, messages and dead letters", async () => {
  const { telemetry, get } = await served();
  telemetry.watch({ rateLimiter, tasks });
  telemetry.responded("retry", "HTTP 503");
  const error = new CdcError("MISSING_KEY", "the record has no key");
  telemetry.recordDeadLetter([{ record: { topic: "users", partition: 0, offset: 4 }, error }]);
  const metrics = await get("/metrics");
  assert.match(metrics.text, /^cdc_to_segment_lag_records\{topic="users",partition="0"\} 2$/m);
  const { json: status } = await get("/status");
  assert.equal(status.partitions[0].lag.records, 2);
  assert.equal([status.pipeline, status.settings], ["shop", { name: "shop" }]);
  assert.is(status.segment.lastResponse.reason, "HTTP 503");
  assert.equal((await get("/status/messages?sync=lifecycle&user=1&key=2")).json, { messages: [] });
  const [deadLetter] = (await get("/status/dead-letters")).json.deadLetters;
  assert.equal([deadLetter.code, deadLetter.offset], ["MISSING_KEY", 4]);
});

s("should reject unknown parameters and paths with what to request instead", async () => {
  const { get } = await served();
  for (const path of [
    "/status/messages?sync=no",
    "/status/messages?user=1&user=2",
    "/status/messages?x=1",
  ]) {
    const { code, json } = await get(path);
    assert.equal([code, json.code], [400, "BAD_REQUEST"], path);
    assert.match(json.toDo, /lifecycle/);
  }
  const { code, json } = await get("/nothing");
  assert.equal([code, json.code], [404, "NO_SUCH_PATH"]);
});

s("should pass questions to the pipeline and reject invalid ones", async () => {
  const { telemetry, get } = await served();
  const early = await get("/explain?model=users&key=7");
  assert.equal([early.code, early.json.code], [503, "NOT_RUNNING"]);
  telemetry.watch({ rateLimiter, tasks });
  asked.splice(0);
  const response = await get("/explain?model=users&key=7");
  assert.equal([response.code, response.json], [200, EXPLAINED]);
  const line = '{"topic":"users"}';
  const headers = { "content-type": "text/plain" };
  await get("/explain?model=users&values=true", { method: "POST", body: line, headers });
  const json = { "content-type": "application/json" };
  await get("/explain?model=users", { method: "POST", body: line, headers: json });
  assert.equal(asked, [
    { model: "users", key: "7", line: null, showValues: false },
    { model: "users", key: null, line, showValues: true },
    { model: "users", key: null, line, showValues: false },
  ]);
  for (const query of ["key=7", "model=x&key=7", "model=users&kay=7", "model=users&key=1&key=2"]) {
    const { code, json } = await get(`/explain?${query}`);
    assert.equal([code, json.code], [400, "BAD_REQUEST"], query);
    assert.ok(json.reason && json.toDo);
  }
});

s("should reject an unreadable or oversized body with what to send instead", async () => {
  const { telemetry, server, get } = await served();
  telemetry.watch({ rateLimiter, tasks });
  for (const [type, expected, reason] of [
    ["application/x-www-form-urlencoded", 415, /Media Type/],
    ["application/json", 400, /JSON/],
  ] as const) {
    const headers = { "content-type": type };
    const { code, json } = await get("/explain?model=users", {
      ...{ method: "POST", body: "{", headers },
    });
    assert.equal([code, json.pipeline, json.code], [expected, "shop", "BAD_REQUEST"], type);
    assert.match(json.reason, reason);
    assert.match(json.toDo, /a recorded line as the body, as text\/plain/);
  }
  assert.is(await codeForBody(server.url, 20_000_001), 413);
});

s("should include values only for requests from this machine", async () => {
  const { telemetry } = await served();
  telemetry.watch({ rateLimiter, tasks });
  const server = fastify();
  open.push(server);
  serveExplain(server, telemetry, DEAD_LETTERS);
  for (const [remoteAddress, values, code] of [
    ["10.0.0.9", "false", 200],
    ["10.0.0.9", "true", 403],
    ["127.0.0.1", "true", 200],
    ["::1", "true", 200],
    ["::ffff:127.0.0.1", "true", 200],
    ["::ffff:10.0.0.9", "true", 403],
  ] as const) {
    const url = `/explain?model=users&key=7&values=${values}`;
    const { statusCode } = await server.inject({ url, remoteAddress });
    assert.is(statusCode, code, `${remoteAddress} ${values}`);
  }
});

s("should reject other host names on loopback (DNS rebinding)", async () => {
  const { server } = await served();
  for (const [host, expected] of [
    ["evil.example", 403],
    ["localhost", 200],
    ["127.0.0.1", 200],
  ] as const)
    assert.is(await codeFor(server.url, host), expected, host);
});

s("should accept any host name if it is not on loopback", async () => {
  const { server } = await served("0.0.0.0");
  assert.is(await codeFor(server.url.replace("0.0.0.0", "127.0.0.1"), "pod.cluster.local"), 200);
});

s("should report why it cannot listen", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  open.push(other);
  const { port } = other.address() as AddressInfo;
  const counters = new Counters();
  const telemetry = new Telemetry({ pipeline: "shop", version: "1", counters, source: SOURCE });
  const about = { telemetry, syncs: [], settings: {}, deadLetterTopic: DEAD_LETTERS };
  for (const [address, reason] of [
    [
      { host: "127.0.0.1", port },
      new RegExp(`127.0.0.1:${port}: another process uses the port; set status.host`),
    ],
    [{ host: "192.0.2.1", port: 0 }, /192.0.2.1:0: .*EADDRNOTAVAIL/],
  ] as const) {
    const error = await StatusServer.open({ ...about, ...address }).catch((error) => error);
    assert.instance(error, CdcError);
    assert.equal([error.code, error.consequence], ["CONFIGURATION", "usage"]);
    assert.match(error.message, reason);
  }
});

function codeFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(url);
    const asked = request({
      host: "127.0.0.1",
      port,
      path: "/live",
      headers: { host: `${host}:${port}` },
    });
    asked.on("response", (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("error", reject).end();
  });
}

/** Announces the length of a body and sends none of it. */
function codeForBody(url: string, bytes: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "text/plain", "content-length": bytes };
    const asked = request(`${url}/explain?model=users`, { method: "POST", headers });
    asked.on("response", ({ statusCode }) => {
      resolve(statusCode);
      asked.destroy();
    });
    asked.on("error", reject).flushHeaders();
  });
}

s.run();
