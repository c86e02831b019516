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

/**
 * Nothing from outside, nothing inline, in nobody's frame: what a record or a row says cannot become a program even
 * where the page were wrong.
 */
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  // Another version of the program has another page at the same address.
  "cache-control": "no-cache",
} as const;

/** Answers `/` with the page for people, and `/page/…` with what it consists of: the files beside this one. */
export function servePage(server: FastifyInstance): void {
  for (const name of readdirSync(DIRECTORY)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const content = readFileSync(new URL(name, DIRECTORY));
    const path = name === "page.html" ? "/" : `/page/${name}`;
    server.get(path, (_, reply) => reply.headers(HEADERS).type(type).send(content));
  }
}
