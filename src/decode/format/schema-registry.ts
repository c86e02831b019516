import { Agent } from "node:https";
import { SchemaRegistry as Client, SchemaType } from "@kafkajs/confluent-schema-registry";
import type { Schema } from "avsc";
import type { SourceRecord } from "../../data/record.ts";
import { readCaFile } from "../../lib/ca-file.ts";
import type { Clock } from "../../lib/clock.ts";
import { CdcError, messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import { loginSecrets, maskOf } from "../../lib/mask-secrets.ts";
import { retry } from "../../lib/retry.ts";
import { SerialQueue } from "../../lib/serial-queue.ts";
import type { JsonObject } from "../value/json.ts";
import { typeOfRenamed } from "./avro-names.ts";
import { ownType } from "./avro-types.ts";
import { ProtobufSchemas } from "./protobuf-schemas.ts";
import { requestTimeout } from "./registry-timeout.ts";
import { type Read, readerOf, type SchemaReader } from "./schema-reader.ts";

export type RegistryOptions = {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Path of a CA certificate in PEM; default: those of Node.js. */
  readonly ca?: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborted when the process stops: requests are not retried any more. */
  readonly stop: AbortSignal;
};

/** A request without a complete response by then is retried. */
const REQUEST_TIMEOUT_MS = 10_000;

/** An id that is unknown or whose schema cannot be parsed is requested again after this: a bad topic must not flood the registry. */
const REMEMBER_UNKNOWN_MS = 60_000;

/**
 * The schemas of records in Confluent's wire format. Each id is requested once, before its records are decoded, so that
 * decoding never waits.
 */
export class SchemaRegistry {
  readonly #options: RegistryOptions;
  readonly #client: Client;
  readonly #readers = new Map<number, SchemaReader>();
  readonly #unknown = new Map<number, { readonly until: number; readonly reason: string }>();
  readonly #mask: (text: string) => string;
  readonly #queue = new SerialQueue();
  /** The last schema that avsc parsed: the client drops the `connect.*` attributes. */
  #avroSchema: Schema | null = null;
  readonly #protobuf = new ProtobufSchemas();

  /** @throws CdcError CONFIGURATION if the CA certificate cannot be used */
  constructor(options: RegistryOptions) {
    const { url, username, password, ca } = options;
    this.#options = options;
    this.#mask = maskOf(loginSecrets(username ?? "", password ?? ""));
    this.#client = new Client(
      {
        host: url.replace(/\/+$/, ""),
        auth: username === undefined ? undefined : { username, password: password ?? "" },
        agent: new URL(url).protocol === "https:" ? agentOf(ca) : undefined,
        retry: { retries: 0 },
        middlewares: [
          this.#protobuf.middleware,
          requestTimeout(REQUEST_TIMEOUT_MS, options.clock, options.stop),
        ],
      },
      {
        [SchemaType.AVRO]: {
          // A new one each time: avsc registers type names in it, and Debezium's `Source` is in every schema.
          get registry() {
            return {};
          },
          typeHook: (schema: Schema, options: object) => {
            this.#avroSchema ??= schema;
            return typeOfRenamed(schema, options) ?? ownType(schema, options);
          },
        },
        // Records were validated when they were written; only the types of the schema are needed.
        [SchemaType.JSON]: { ajvInstance: { addSchema: () => {}, compile: cachedSchema } },
      } as ConstructorParameters<typeof Client>[1],
    );
  }

  /** Requests every unknown schema that the records name; waits while the registry is unavailable. */
  async prepare(records: readonly SourceRecord[]): Promise<void> {
    for (const { key, value } of records) {
      for (const id of [schemaIdOf(key), schemaIdOf(value)]) {
        if (id !== null && !this.#readers.has(id) && !this.#isUnknown(id)) await this.#request(id);
      }
    }
  }

  /**
   * Reads bytes in the wire format whose schema was prepared.
   * @throws CdcError UNKNOWN_SCHEMA, UNREADABLE_VALUE
   */
  read(bytes: Buffer): Read {
    const id = schemaIdOf(bytes) as number;
    const reader = this.#readers.get(id);
    if (!reader) {
      const reason = this.#unknown.get(id)?.reason ?? "which was not requested";
      throw new CdcError("UNKNOWN_SCHEMA", `the record was written with schema ${id}, ${reason}`);
    }
    try {
      return reader(payloadOf(bytes));
    } catch (error) {
      throw CdcError.from("UNREADABLE_VALUE", `the bytes do not fit schema ${id}`, error);
    }
  }

  #isUnknown(id: number): boolean {
    return (this.#unknown.get(id)?.until ?? 0) > this.#options.clock.now();
  }

  /** One request at a time, and one per id for all tasks. */
  #request(id: number): Promise<void> {
    return this.#queue.run(() =>
      this.#readers.has(id) || this.#isUnknown(id) ? undefined : this.#fetch(id),
    );
  }

  async #fetch(id: number): Promise<void> {
    const { clock, logger, stop, url } = this.#options;
    try {
      await retry(() => this.#load(id), {
        clock,
        signal: stop,
        isRetryable: (error) => !isFinal(error),
        onRetry: (error, attempt) =>
          logger.warn(
            { id, attempt, url, reason: this.#reasonOf(error) },
            "schema registry unavailable; retrying",
          ),
      });
    } catch (error) {
      this.#fail(id, error);
    }
  }

  async #load(id: number): Promise<void> {
    this.#avroSchema = null;
    this.#protobuf.take();
    const schema = await this.#client.getSchema(id);
    this.#readers.set(id, readerOf(schema, this.#avroSchema, this.#protobuf.take()));
  }

  /** An id that is unknown or unreadable is remembered: its records become dead letters. Everything else is thrown. */
  #fail(id: number, error: unknown): void {
    const { clock, logger, url } = this.#options;
    const reason = this.#reasonOf(error);
    const unreadable = isUnreadable(error);
    // Not the error itself: it holds the request with its login.
    if (!isFinal(error)) throw new Error(`the schema registry ${url} does not respond: ${reason}`);
    if (isRejected(error)) {
      throw new CdcError(
        "REGISTRY_REFUSED",
        `the schema registry ${url} rejected the login (${reason}); set kafka.schemaRegistry.username and password`,
      );
    }
    const why = unreadable
      ? `which cannot be parsed: ${reason}`
      : `which ${url} does not have: ${reason}`;
    this.#unknown.set(id, { until: clock.now() + REMEMBER_UNKNOWN_MS, reason: why });
    logger.warn({ id, reason }, unreadable ? "schema unreadable" : "schema not found");
  }

  /** The registry's own text, which may quote the request. */
  #reasonOf(error: unknown): string {
    return this.#mask(messageOf(error));
  }
}

/** The registry of the settings, or `null` where none is set. */
export function registryOf(
  settings: Pick<RegistryOptions, "url" | "username" | "password" | "ca"> | undefined,
  rest: Pick<RegistryOptions, "clock" | "logger" | "stop">,
): SchemaRegistry | null {
  return settings ? new SchemaRegistry({ ...settings, ...rest }) : null;
}

/** Whether a retry cannot help. */
function isFinal(error: unknown): boolean {
  return isRejected(error) || isUnreadable(error) || isMissing(error);
}

function isMissing(error: unknown): boolean {
  const { status } = error as { status?: number };
  return status === 404 || status === 422;
}

/** The client's error for a schema that its parser rejects. */
function isUnreadable(error: unknown): boolean {
  return (error as Error).name === "ConfluentSchemaRegistryArgumentError";
}

function isRejected(error: unknown): boolean {
  const { status } = error as { status?: number };
  return status === 401 || status === 403;
}

/** Explicit verification, so that NODE_TLS_REJECT_UNAUTHORIZED=0 has no effect. */
function agentOf(ca: string | undefined): Agent {
  return new Agent({
    rejectUnauthorized: true,
    ca: ca === undefined ? undefined : readCaFile("kafka.schemaRegistry.ca", ca),
  });
}

function cachedSchema(schema: JsonObject): { (): boolean; schema: JsonObject } {
  return Object.assign(() => true, { schema });
}

/** Confluent's wire format: a zero byte and the schema's id, then the payload. JSON never begins with one. */
const HEAD_BYTES = 5;

/** The schema id of bytes in the wire format, else `null`. */
export function schemaIdOf(bytes: Buffer | null): number | null {
  if (bytes === null || bytes.length < HEAD_BYTES || bytes[0] !== 0) return null;
  return bytes.readInt32BE(1);
}

export function payloadOf(bytes: Buffer): Buffer {
  return bytes.subarray(HEAD_BYTES);
}
