import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SourceRecord } from "../../../../src/data/record.ts";
import { registryOf, type SchemaRegistry } from "../../../../src/decode/format/schema-registry.ts";
import type { CdcError } from "../../../../src/lib/errors.ts";
import { noopLogger } from "../../../../src/lib/logger.ts";
import { wire } from "../../../support/fake-registry.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

/** A registry that accepts a request and does not respond, responds incompletely, or rejects it. */

const SCHEMA = JSON.stringify({
  type: "record",
  name: "Value",
  fields: [{ name: "id", type: "long" }],
});
const RESPONSE = JSON.stringify({ schema: SCHEMA });

const s = suite("decode: a registry that does not respond");

const FIRST: readonly (readonly [string, RequestListener])[] = [
  ["says nothing", () => {}],
  [
    "disconnects in the middle of its response",
    (_request, response) => {
      response.writeHead(200, { "content-length": RESPONSE.length }).write(RESPONSE.slice(0, 20));
      setTimeout(() => response.destroy(), 20);
    },
  ],
];

for (const [what, misbehave] of FIRST) {
  s(`should retry a request to a registry that ${what}`, async () => {
    await asking(misbehave, async ({ registry, clock, asked }) => {
      const prepared = registry.prepare([record()]).then(() => true, String);
      await until(() => asked() === 1);
      await sleep(100);
      await clock.advance(9_999);
      assert.is(asked(), 1, "it has ten seconds");
      // The timeout, and the back-off before the retry.
      await until(async () => {
        await clock.advance(100);
        return asked() === 2;
      });
      assert.is(await prepared, true);
      assert.equal(registry.read(wire(1, [14])).payload, { id: 7 });
    });
  });
}

s("should not block a process that stops", async () => {
  await asking(FIRST[0]?.[1] as RequestListener, async ({ registry, stop, asked }) => {
    let failure = "";
    const tell = (error: unknown) => {
      failure = String(error);
    };
    registry.prepare([record()]).catch(tell);
    await until(() => asked() === 1);
    stop.abort();
    await until(() => failure !== "");
    assert.match(failure, /does not respond: the process stops/);
  });
});

s("should request another schema after a rejected request", async () => {
  const reject: RequestListener = (_request, response) => response.writeHead(403).end("{}");
  await asking(reject, async ({ registry, asked }) => {
    await registry.prepare([record()]).then(
      () => assert.unreachable(),
      (error: CdcError) => assert.is(error.code, "REGISTRY_REFUSED"),
    );
    await registry.prepare([record()]);
    assert.is(asked(), 2);
  });
});

type Asking = {
  readonly registry: SchemaRegistry;
  readonly clock: VirtualClock;
  readonly stop: AbortController;
  readonly asked: () => number;
};

/** The first request gets `misbehave`, each later one a response. */
async function asking(
  misbehave: RequestListener,
  work: (parts: Asking) => Promise<void>,
): Promise<void> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    if (asked === 1) return misbehave(request, response);
    response.writeHead(200, { "content-type": "application/json" }).end(RESPONSE);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clock = new VirtualClock();
  const stop = new AbortController();
  const rest = { clock, logger: noopLogger, stop: stop.signal };
  const registry = registryOf({ url }, rest) as SchemaRegistry;
  try {
    await work({ registry, clock, stop, asked: () => asked });
  } finally {
    stop.abort();
    server.closeAllConnections();
    server.close();
  }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error("not within 60 s");
    await sleep(5);
  }
}

function record(): SourceRecord {
  return {
    ...{ topic: "t", partition: 0, offset: 0, timestamp: 0, headers: {} },
    ...{ key: Buffer.from('{"id":7}'), value: wire(1, [14]) },
  };
}

s.run();
