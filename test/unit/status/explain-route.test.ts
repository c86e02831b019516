import { networkInterfaces } from "node:os";
import fastify from "fastify";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Explanation, Question } from "../../../src/explain/explanation.ts";
import { CdcError } from "../../../src/lib/errors.ts";
import { Counters } from "../../../src/metrics/counters.ts";
import { serveExplain } from "../../../src/status/explain-route.ts";
import { Telemetry } from "../../../src/status/telemetry.ts";

const s = suite("status: explanations");

const DEAD_LETTERED = { topic: "users", partition: 1, offset: 7 };
const EXPLAINED: Explanation = {
  ...{ pipeline: "shop", model: "users", key: "[7]", searched: ["users/1"], notSearched: [] },
  rows: [
    {
      ...{ from: DEAD_LETTERED, position: null, commitTime: null, isRemoved: false },
      ...{ columns: ["id", "plan"], values: null, unknown: [], isStored: true },
      syncs: [
        {
          ...{ sync: "lifecycle", type: "track", isNew: false, isMember: true, since: null },
          last: {
            ...{ kind: "added", messageId: null, from: DEAD_LETTERED, commitTime: null },
            response: { status: "deadLettered", time: null, detail: null },
          },
        },
      ],
    },
  ],
  record: null,
};

const TEXT = `row [7] of model users, in users/1
  stored from users/1@7
  columns: id, plan
  lifecycle (track): member, start unknown
    last change: added, from users/1@7
    not sent, in the dead letter queue (shop.dead-letters) as users/1@7
`;

const server = fastify();
const telemetry = new Telemetry({
  ...{ pipeline: "shop", version: "1", counters: new Counters() },
  source: {
    status: {
      ...{ isJoined: true, reason: null, rebalances: 1, next: new Map() },
      restarts: { crashed: 0, lost: 0, stalled: 0 },
    },
    ends: async () => new Map(),
  },
});
telemetry.watch({
  rateLimiter: { status: { wait_ms: 0, throttled_ms: 0 } },
  tasks: {
    isSettled: true,
    taskStatuses: async () => [],
    explain: async ({ key }: Question) => {
      if (key !== "7") throw new CdcError("ARGUMENTS", "the key cannot be read");
      return EXPLAINED;
    },
  },
});
serveExplain(server, telemetry, "shop.dead-letters");

s.after(async () => {
  await server.close();
});

for (const accept of [
  "text/plain",
  "Text/Plain;charset=utf-8, */*;q=0.1",
  "application/json; q=0.4, text/plain; q=0.5",
])
  s(`should respond with the text of the command to Accept: ${accept}`, async () => {
    for (const method of ["GET", "POST"] as const) {
      const response = await asked(accept, method);
      assert.is(response.statusCode, 200);
      assert.is(response.headers["content-type"], "text/plain; charset=utf-8");
      assert.is(response.body, TEXT);
    }
  });

for (const accept of [
  undefined,
  "*/*",
  "text/html,application/xml;q=0.9,*/*;q=0.8",
  "application/json, text/plain, */*",
  "text/plain;q=0, */*",
])
  s(
    `should respond with JSON to ${accept === undefined ? "a request without Accept" : `Accept: ${accept}`}`,
    async () => {
      const response = await asked(accept);
      assert.match(String(response.headers["content-type"]), /^application\/json/);
      assert.equal(response.json(), EXPLAINED);
    },
  );

s("should respond with errors as JSON, whatever the client accepts", async () => {
  const response = await asked("text/plain", "GET", "model=users&key=no");
  assert.is(response.statusCode, 400);
  const { pipeline, code, reason, toDo } = response.json();
  assert.equal([pipeline, code, reason], ["shop", "BAD_REQUEST", "the key cannot be read"]);
  assert.match(toDo, /write a key as 7, "a", \["org1",7\]/);
});

s("should include values only for requests from an address of this machine", async () => {
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  const from = async (remoteAddress: string) => {
    const url = "/explain?model=users&key=7&values=true";
    return server.inject({ url, remoteAddress });
  };
  for (const { address } of own) assert.is((await from(address)).statusCode, 200, address);
  const elsewhere = await from("192.0.2.1");
  const { pipeline, code } = elsewhere.json();
  assert.equal([elsewhere.statusCode, pipeline, code], [403, "shop", "VALUES_LOCAL_ONLY"]);
});

s.run();

function asked(
  accept: string | undefined,
  method: "GET" | "POST" = "GET",
  query = "model=users&key=7",
) {
  const headers = { ...(accept && { accept }), "content-type": "text/plain" };
  const body = method === "POST" ? { payload: "{}" } : {};
  return server.inject({ url: `/explain?${query}`, method, headers, ...body });
}
