import { readFile } from "node:fs/promises";
import { type ConnectorConfig, createConnector, postgresConnector } from "./connector.ts";
import type { Postgres } from "./postgres.ts";

/** The sample tables users and subscriptions: topics app.public.users and app.public.subscriptions. */
export function sampleTables(): Promise<string> {
  return readFile(new URL("sample.sql", import.meta.url), "utf8");
}

export function sampleConnector(
  postgres: Pick<Postgres, "host" | "port" | "user" | "database">,
): ConnectorConfig {
  return postgresConnector(postgres, {
    "table.include.list": "public.users,public.subscriptions",
    "heartbeat.interval.ms": "5000",
  });
}

// docker-compose.yml runs this file, when database and worker are healthy, to make the connector.
if (import.meta.main) {
  const connectUrl = process.env.CONNECT_URL ?? "http://127.0.0.1:18083";
  const server = {
    host: process.env.POSTGRES_HOST ?? "127.0.0.1",
    port: Number(process.env.POSTGRES_PORT ?? 15432),
    user: "postgres",
    database: "postgres",
  };
  await createConnector(connectUrl, "app", sampleConnector(server));
  console.error("the connector app is running");
}
