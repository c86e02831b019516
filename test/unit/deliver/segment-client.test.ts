import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SegmentClient } from "../../../src/deliver/segment-client.ts";

/** Requests to Segment's batch endpoint, over HTTP on loopback. */

const test = suite("deliver: Segment client");

type Request = {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

const requests: Request[] = [];
let server: Server;

test.before(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    requests.push({ path: request.url, headers: request.headers, body: Buffer.concat(chunks) });
    response.end('{"success":true}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
test.before.each(() => {
  requests.length = 0;
});
test.after(() => {
  server.close();
});

const texts = Array.from({ length: 500 }, (_, id) =>
  JSON.stringify({
    type: "identify",
    userId: `${id}`,
    traits: { name: "Zoë", plan: "pro" },
  }),
);

async function sent(compression: "none" | "gzip"): Promise<Request> {
  const { port } = server.address() as AddressInfo;
  const client = new SegmentClient({
    writeKey: "key",
    url: `http://127.0.0.1:${port}/`,
    compression,
    timeout_ms: 60_000,
    library: { name: "test", version: "1" },
  });
  const response = await client.send(texts, new AbortController().signal);
  client.close();
  assert.is("status" in response && response.status, 200);
  assert.is(requests.length, 1);
  return requests[0] as Request;
}

function messagesIn(body: Buffer): unknown {
  const { batch, context } = JSON.parse(body.toString("utf8"));
  assert.equal(context, { library: { name: "test", version: "1" } });
  return batch;
}

test("should post a batch unchanged, with the write key", async () => {
  const { path, headers, body } = await sent("none");
  assert.is(path, "/v1/batch");
  assert.is(headers.authorization, `Basic ${Buffer.from("key:").toString("base64")}`);
  assert.is(headers["content-encoding"], undefined);
  assert.equal(
    messagesIn(body),
    texts.map((text) => JSON.parse(text)),
  );
});

test("should compress the request if the settings say so", async () => {
  const { headers, body } = await sent("gzip");
  assert.is(headers["content-encoding"], "gzip");
  assert.is(headers["content-length"], `${body.length}`);
  assert.equal(
    messagesIn(gunzipSync(body)),
    texts.map((text) => JSON.parse(text)),
  );
});

test.run();
