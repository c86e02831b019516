import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import kafkajs, { type Admin, type Kafka, type KafkaConfig, type LogEntry } from "kafkajs";
import { CdcError, messageOf } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { registerCompression } from "./compression.ts";

/** kafkajs' admin client, for code outside this directory that describes topics and groups. */
export type KafkaAdmin = Admin;

export type KafkaSettings = {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** `true` trusts the system's CA certificates; files replace them. The server's certificate is always verified. */
  readonly tls?: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: {
    readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
    readonly username: string;
    readonly password: string;
  };
};

/**
 * About 20 s, then kafkajs gives up and the caller decides. With endless retries, kafkajs would stay with a broker that
 * is gone: it asks for leaders and coordinator again only in a new call.
 */
const RETRY = { initialRetryTime: 300, multiplier: 2, maxRetryTime: 5_000, retries: 7 };

/** kafkajs' default of 1 s is too short for TLS across regions. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * A Kafka client; it connects when first used. Each group needs a client of its own: kafkajs stores the committed
 * offsets per client, and two members that share one would overwrite each other's.
 * @throws CdcError CONFIGURATION if a TLS file cannot be read or used
 */
export function kafkaClient(settings: KafkaSettings, log: Logger): Kafka {
  registerCompression();
  suppressTimerWarnings();
  return new kafkajs.Kafka({
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    ssl: tlsOf(settings.tls),
    // A copy, because kafkajs modifies it.
    sasl: settings.sasl && ({ ...settings.sasl } as KafkaConfig["sasl"]),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    retry: RETRY,
    logCreator: () => (entry) => logEntry(entry, log),
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
  validate(files);
  // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED=0 has no effect here.
  return { rejectUnauthorized: true, ...files };
}

/** kafkajs would report a bad file as a broker that does not respond, after 20 s; Node accepts any text as CA. */
function validate(files: { ca?: Buffer[]; cert?: Buffer; key?: Buffer }): void {
  try {
    if (!files.cert !== !files.key) throw new Error("cert and key must be set together");
    for (const ca of files.ca ?? []) new X509Certificate(ca);
    createSecureContext(files);
  } catch (cause) {
    const expected = "ca and cert must be PEM certificates, key the private key of cert";
    const text = `kafka.tls: ${messageOf(cause)}; ${expected}`;
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

/** Only these are logged: other fields of kafkajs may contain credentials or a whole request. */
const FIELDS = ["broker", "groupId", "memberId", "topic", "partition", "retryCount", "retryTime"];

/** Logged for every idempotent producer with limited retries. After a failure we never use the same one again. */
const EXPECTED = /^Limiting retries for the idempotent producer/;

/** kafkajs logs an error before each retry; errors that it does not retry arrive as rejections or crashes. */
function logEntry({ level, namespace, log: entry }: LogEntry, log: Logger): void {
  const fields: { [name: string]: unknown } = { kafkajs: namespace };
  for (const name of FIELDS) if (entry[name] !== undefined) fields[name] = entry[name];
  if (entry.error !== undefined) fields.error = messageOf(entry.error);
  const text = messageOf(entry.message);
  const isWarning = level === kafkajs.logLevel.ERROR || level === kafkajs.logLevel.WARN;
  log[isWarning && !EXPECTED.test(text) ? "warn" : "debug"](fields, text);
}

let isSuppressed = false;

/** kafkajs 2.2.4 sets a timer in the past with every request; Node 24 warns about each, with a stack. */
function suppressTimerWarnings(): void {
  if (isSuppressed) return;
  isSuppressed = true;
  const warn = process.emitWarning as (...args: unknown[]) => void;
  process.emitWarning = (...args: unknown[]) => {
    if (args[1] !== "TimeoutNegativeWarning") warn.apply(process, args);
  };
}
