import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { registryOf, type SchemaRegistry } from "../../src/decode/format/schema-registry.ts";
import { noopLogger } from "../../src/lib/logger.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** A registry's response for a schema; without a type it is Avro. */
export type Registered = { readonly schema: string; readonly schemaType?: string };

/** A schema registry over HTTP on loopback, with these schemas; it records the requested ids. */
export class FakeRegistry {
  readonly asked: number[] = [];
  readonly #server: Server;
  readonly #stop = new AbortController();

  private constructor(schemas: ReadonlyMap<number, Registered>) {
    this.#server = createServer((request, response) => {
      const id = Number(/\/schemas\/ids\/(-?\d+)/.exec(request.url ?? "")?.[1]);
      this.asked.push(id);
      const found = schemas.get(id);
      response.writeHead(found ? 200 : 404, { "content-type": "application/json" });
      response.end(JSON.stringify(found ?? { error_code: 40403, message: "Schema not found" }));
    });
  }

  static async open(schemas: ReadonlyMap<number, Registered>): Promise<FakeRegistry> {
    const fake = new FakeRegistry(schemas);
    await new Promise<void>((resolve) => fake.#server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A new client without cached schemas. */
  client(): SchemaRegistry {
    const rest = { clock: new VirtualClock(), logger: noopLogger, stop: this.#stop.signal };
    return registryOf({ url: this.url }, rest) as SchemaRegistry;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A payload in Confluent's wire format. */
export function wire(id: number, payload: Iterable<number>): Buffer {
  const bytes = Buffer.from([0, 0, 0, 0, 0, ...payload]);
  bytes.writeInt32BE(id, 1);
  return bytes;
}
