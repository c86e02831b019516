import { once } from "node:events";
import { createServer } from "node:http";

export interface StandIn {
  url: string;
  close(): Promise<void>;
}

/** Stands where Segment would: takes POST /v1/batch, says yes, and hands on each message. */
export async function startStandIn(options: {
  host?: string;
  port: number;
  onMessage(message: Record<string, unknown>): void;
}): Promise<StandIn> {
  const server = createServer(async (request, response) => {
    if (request.method !== "POST" || request.url !== "/v1/batch") {
      return response.writeHead(404).end();
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    try {
      const { batch } = JSON.parse(Buffer.concat(chunks).toString());
      for (const message of batch) options.onMessage(message);
      response.writeHead(200, { "content-type": "application/json" }).end('{"success":true}');
    } catch {
      response.writeHead(400).end("malformed JSON");
    }
  });
  server.listen(options.port, options.host ?? "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${options.port}`,
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Prints a message on one line: what a person watching wants to see arrive. */
export function printMessage(message: Record<string, unknown>): void {
  const { type, event, userId, anonymousId, traits, properties } = message;
  const what = [type, event].filter(Boolean).join(" ");
  console.log(`${what} ${userId ?? anonymousId} ${JSON.stringify(traits ?? properties ?? {})}`);
}

// docker-compose.yml runs this file; there the port has to be reachable from other containers.
if (import.meta.main) {
  const port = Number(process.env.PORT ?? 18080);
  await startStandIn({ host: process.env.HOST, port, onMessage: printMessage });
  console.error(`Segment stand-in on port ${port}`);
}
