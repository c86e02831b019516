import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import type { FastifyInstance } from "fastify";

const DIRECTORY = new URL("page/", import.meta.url);

const TYPES: { readonly [extension: string]: string | undefined } = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** No inline scripts, no other hosts, no frames: text of a record cannot run as a script even if the page has a bug. */
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  // Another version has another page at the same URL.
  "cache-control": "no-cache",
} as const;

/** Serves the status page at `/` and its files at `/page/…`. */
export function servePage(server: FastifyInstance): void {
  for (const name of readdirSync(DIRECTORY)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const content = readFileSync(new URL(name, DIRECTORY));
    const path = name === "page.html" ? "/" : `/page/${name}`;
    server.get(path, (_, reply) => reply.headers(HEADERS).type(type).send(content));
  }
}
