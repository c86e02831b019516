import { setTimeout as sleep } from "node:timers/promises";
import type { MariaDb } from "./mariadb.ts";
import type { MySql } from "./mysql.ts";
import type { Postgres } from "./postgres.ts";

const RUNNING_WITHIN_MS = 60_000;
const POLL_MS = 200;

export type ConnectorConfig = Record<string, string>;

interface Status {
  connector: { state: string; trace?: string };
  tasks: { id: number; state: string; trace?: string }[];
}

/**
 * Debezium's PostgreSQL connector for the stack's own server. Topics get 4 partitions; `settings` adds
 * or replaces. `topic.prefix`, the slot and the publication must differ between two that run together.
 */
export function postgresConnector(
  postgres: Pick<Postgres, "host" | "port" | "user" | "database">,
  settings: ConnectorConfig = {},
): ConnectorConfig {
  return {
    "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
    "database.hostname": postgres.host,
    "database.port": String(postgres.port),
    "database.user": postgres.user,
    "database.password": "trusted",
    "database.dbname": postgres.database,
    "plugin.name": "pgoutput",
    "topic.prefix": "app",
    "decimal.handling.mode": "string",
    "topic.creation.default.partitions": "4",
    "topic.creation.default.replication.factor": "1",
    "poll.interval.ms": "50",
    ...settings,
  };
}

/**
 * Debezium's MariaDB connector for the stack's own server. Topics get 4 partitions; `settings` adds or
 * replaces. `topic.prefix` and `database.server.id` must differ between two that run together.
 */
export function mariadbConnector(
  mariadb: Pick<MariaDb, "host" | "port" | "user" | "database">,
  brokers: readonly string[],
  settings: ConnectorConfig = {},
): ConnectorConfig {
  return binlogConnector(mariadb, brokers, {
    "connector.class": "io.debezium.connector.mariadb.MariaDbConnector",
    "database.ssl.mode": "disable",
    ...settings,
  });
}

/** The same for the stack's MySQL. */
export function mysqlConnector(
  mysql: Pick<MySql, "host" | "port" | "user" | "database">,
  brokers: readonly string[],
  settings: ConnectorConfig = {},
): ConnectorConfig {
  return binlogConnector(mysql, brokers, {
    "connector.class": "io.debezium.connector.mysql.MySqlConnector",
    "database.ssl.mode": "disabled",
    ...settings,
  });
}

function binlogConnector(
  server: Pick<MySql, "host" | "port" | "user" | "database">,
  brokers: readonly string[],
  settings: ConnectorConfig,
): ConnectorConfig {
  const prefix = settings["topic.prefix"] ?? "app";
  return {
    "database.hostname": server.host,
    "database.port": String(server.port),
    "database.user": server.user,
    "database.password": "",
    "database.server.id": "5401",
    "database.include.list": server.database,
    "topic.prefix": prefix,
    "schema.history.internal.kafka.bootstrap.servers": brokers.join(","),
    "schema.history.internal.kafka.topic": `schema-history.${prefix}`,
    "decimal.handling.mode": "string",
    "topic.creation.default.partitions": "4",
    "topic.creation.default.replication.factor": "1",
    "poll.interval.ms": "50",
    ...settings,
  };
}

/**
 * Makes the connector, or changes its configuration, and waits until it and a task run, 60 s at most.
 * Rejects with Connect's own words when the configuration is refused, with the trace when one fails.
 */
export async function createConnector(
  connectUrl: string,
  name: string,
  config: ConnectorConfig,
): Promise<void> {
  const deadline = Date.now() + RUNNING_WITHIN_MS;
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify(config);
  await request(`${connectUrl}/connectors/${name}/config`, { method: "PUT", headers, body });
  while (Date.now() < deadline) {
    const status = await statusOf(connectUrl, name);
    if (status !== undefined && status.tasks.length > 0) {
      const parts = [status.connector, ...status.tasks];
      const failed = parts.find((part) => part.state === "FAILED");
      if (failed) throw new Error(`connector ${name} failed:\n${failed.trace}`);
      if (parts.every((part) => part.state === "RUNNING")) return;
    } else if (status?.connector.state === "FAILED") {
      throw new Error(`connector ${name} failed:\n${status.connector.trace}`);
    }
    await sleep(POLL_MS);
  }
  const last = JSON.stringify(await statusOf(connectUrl, name));
  throw new Error(`connector ${name} was not running within 60 s; its last status: ${last}`);
}

/** Stops and removes the connector. Its slot, publication, topics and stored offsets stay. */
export async function deleteConnector(connectUrl: string, name: string): Promise<void> {
  await request(`${connectUrl}/connectors/${name}`, { method: "DELETE" });
  const deadline = Date.now() + RUNNING_WITHIN_MS;
  while ((await statusOf(connectUrl, name)) !== undefined) {
    if (Date.now() > deadline) throw new Error(`connector ${name} was not gone within 60 s`);
    await sleep(POLL_MS);
  }
}

async function statusOf(connectUrl: string, name: string): Promise<Status | undefined> {
  const response = await fetch(`${connectUrl}/connectors/${name}/status`);
  return response.ok ? ((await response.json()) as Status) : undefined;
}

/** Connect answers 409 while its group rebalances, which passes. */
async function request(url: string, init: RequestInit): Promise<void> {
  for (let tries = 1; ; tries++) {
    const response = await fetch(url, init);
    if (response.ok) return;
    const text = await response.text();
    if (response.status !== 409 || tries === 50) {
      throw new Error(`Connect answered ${response.status} to ${init.method} ${url}: ${text}`);
    }
    await sleep(POLL_MS);
  }
}
