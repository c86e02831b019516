import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import kafkajs, { type Admin, type Kafka, type KafkaConfig, type LogEntry } from "kafkajs";
import { CdcError, messageOf } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { registerCompression } from "./compression.ts";

/** kafkajs' admin client, for the code outside this directory that describes topics and groups. */
export type KafkaAdmin = Admin;

export type KafkaSettings = {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** `true` trusts the system's authorities; files name others. The server's certificate is always verified. */
  readonly tls?: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: {
    readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
    readonly username: string;
    readonly password: string;
  };
};

/**
 * One round of tries: about 20 s, then kafkajs gives up and the caller decides. Endless retries inside kafkajs
 * would keep it on a broker that has gone: only a new round asks for the leaders and the coordinator again.
 */
const ONE_ROUND = { initialRetryTime: 300, multiplier: 2, maxRetryTime: 5_000, retries: 7 };

/** kafkajs' default of 1 s is too short for TLS across regions. */
const CONNECT_WITHIN_MS = 5_000;

/**
 * A Kafka client; it connects when first used. A group needs a client of its own: kafkajs keeps the committed
 * offsets per client, and two members sharing one would overwrite each other's.
 * Throws CONFIGURATION when a TLS file cannot be read or used.
 */
export function kafkaClient(settings: KafkaSettings, log: Logger): Kafka {
  registerCompression();
  quietTimers();
  return new kafkajs.Kafka({
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    ssl: tlsOf(settings.tls),
    // A copy: kafkajs writes into it.
    sasl: settings.sasl && ({ ...settings.sasl } as KafkaConfig["sasl"]),
    connectionTimeout: CONNECT_WITHIN_MS,
    retry: ONE_ROUND,
    logCreator: () => (entry) => pass(entry, log),
  });
}

function tlsOf(tls: KafkaSettings["tls"]): KafkaConfig["ssl"] {
  if (!tls) return undefined;
  const { ca, cert, key } = tls === true ? {} : tls;
  const files = {
    ...(ca && { ca: [read("ca", ca)] }),
    ...(cert && { cert: read("cert", cert) }),
    ...(key && { key: read("key", key) }),
  };
  check(files);
  // Said aloud, so that NODE_TLS_REJECT_UNAUTHORIZED=0 does not open this door.
  return { rejectUnauthorized: true, ...files };
}

/** kafkajs would take a bad file for a broker that is away, and try for 20 s; Node takes any text for an authority. */
function check(files: { ca?: Buffer[]; cert?: Buffer; key?: Buffer }): void {
  try {
    if (!files.cert !== !files.key) throw new Error("cert and key go together");
    for (const ca of files.ca ?? []) new X509Certificate(ca);
    createSecureContext(files);
  } catch (cause) {
    const wanted = "ca and cert have to be certificates as PEM, key the private key of cert";
    const text = `kafka.tls: ${messageOf(cause)}; ${wanted}`;
    throw new CdcError("CONFIGURATION", text, { cause });
  }
}

function read(setting: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const text = `kafka.tls.${setting}: cannot read "${path}": ${messageOf(cause)}`;
    throw new CdcError("CONFIGURATION", text, { cause });
  }
}

/** Only these are passed on: what kafkajs adds beyond them may hold credentials or a whole request. */
const FIELDS = ["broker", "groupId", "memberId", "topic", "partition", "retryCount", "retryTime"];

/** Said of any idempotent producer whose tries have an end. After a failure we never use the same one again (`KafkaLog`). */
const HARMLESS = /^Limiting retries for the idempotent producer/;

/** kafkajs calls an error what it then retries; what it cannot retry arrives as a rejection or a crash. */
function pass({ level, namespace, log: entry }: LogEntry, log: Logger): void {
  const fields: { [name: string]: unknown } = { kafkajs: namespace };
  for (const name of FIELDS) if (entry[name] !== undefined) fields[name] = entry[name];
  if (entry.error !== undefined) fields.error = messageOf(entry.error);
  const text = messageOf(entry.message);
  const warned = level === kafkajs.logLevel.ERROR || level === kafkajs.logLevel.WARN;
  log[warned && !HARMLESS.test(text) ? "warn" : "debug"](fields, text);
}

let quiet = false;

/** kafkajs 2.2.4 sets a timer to a moment long past with every request; Node 24 warns of it, with a stack each time. */
function quietTimers(): void {
  if (quiet) return;
  quiet = true;
  const warn = process.emitWarning as (...args: unknown[]) => void;
  process.emitWarning = (...args: unknown[]) => {
    if (args[1] !== "TimeoutNegativeWarning") warn.apply(process, args);
  };
}
