import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";

/**
 * A server that rejects every request with a status and echoes the credentials, encoded and decoded, in the body, the
 * headers and a URL.
 */
export class EchoingServer {
  readonly #server: Server;
  readonly #scheme: string;
  requests = 0;

  private constructor(server: Server, scheme: string) {
    this.#server = server;
    this.#scheme = scheme;
  }

  static async open(status: number, tls?: { key: Buffer; cert: Buffer }): Promise<EchoingServer> {
    const respond = (request: IncomingMessage, response: ServerResponse) => {
      echoing.requests += 1;
      const { authorization = "" } = request.headers;
      const login = Buffer.from(authorization.replace(/^Basic /, ""), "base64").toString();
      const [user = "", ...rest] = login.split(":");
      const parts = [user, rest.join(":"), login].filter((part) => part !== "");
      const message = [...parts, ...parts.map(encodeURIComponent), authorization].join(" | ");
      response.writeHead(status, {
        "content-type": "application/json",
        location: `/elsewhere?key=${encodeURIComponent(user)}`,
        "www-authenticate": authorization,
        "proxy-authenticate": authorization,
      });
      request.resume().on("end", () => response.end(JSON.stringify({ message })));
    };
    const server = tls ? createSecureServer(tls, respond) : createServer(respond);
    const echoing = new EchoingServer(server, tls ? "https" : "http");
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return echoing;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
