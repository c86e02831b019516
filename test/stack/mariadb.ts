import { chown, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { mariadbPrograms } from "./install.ts";
import { mysqlClient, USER } from "./mysql-client.ts";
import { withPorts } from "./ports.ts";
import { run } from "./run.ts";
import { serverUser } from "./server-user.ts";
import { Service } from "./service.ts";
import type { StallDetector } from "./watchdog.ts";

const HOST = "127.0.0.1";
const DATABASE = "app";

/** A server that writes a row-based binlog with whole rows. Its user has no password. */
export interface MariaDb {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly logFile: string;
  /**
   * Runs SQL, one statement or many, each committed by itself unless the text says BEGIN. Resolves to the
   * rows as text: a line a row, columns split by tabs, NULL as "NULL". Rejects with the first error.
   */
  sql(text: string): Promise<string>;
}

export async function startMariaDb(
  watchdog: StallDetector,
  options: { port?: number } = {},
): Promise<MariaDb> {
  const programs = await mariadbPrograms();
  if (programs === undefined) throw new Error("MariaDB's server programs were not found");
  const user = await serverUser("MariaDB", ["mysql", "nobody"]);
  const data = join(watchdog.directory, "mariadb");
  await mkdir(data, { mode: 0o700 });
  if (user !== undefined) await chown(data, user.uid, user.gid);
  await run(
    "mariadb-install-db",
    ["--no-defaults", `--datadir=${data}`, "--auth-root-authentication-method=normal"],
    { user, watchdog, cwd: data },
  );

  return withPorts([options.port], async ([port = 0]) => {
    const sql = mysqlClient(HOST, port);
    const service = new Service(
      {
        name: "mariadb",
        command: join(programs, "mariadbd"),
        args: ["--no-defaults", `--datadir=${data}`, ...settings(port, data)],
        user,
        ready: async () => {
          await sql(`CREATE DATABASE IF NOT EXISTS ${DATABASE}`, "mysql");
          return true;
        },
        readyWithinMs: 60_000,
      },
      watchdog,
    );
    await service.start();
    return {
      host: HOST,
      port,
      user: USER,
      database: DATABASE,
      logFile: service.logFile,
      sql: (text) => sql(text, DATABASE),
    };
  });
}

function settings(port: number, data: string): string[] {
  const values = {
    port,
    "bind-address": HOST,
    socket: join(data, "mariadb.sock"),
    "server-id": 1,
    "log-bin": "binlog",
    "binlog-format": "ROW",
    "binlog-row-image": "FULL",
    "character-set-server": "utf8mb4",
    // The machine's own zone must not decide what a test sees.
    "default-time-zone": "+00:00",
    // The data is deleted after the test, so it need not survive a power failure.
    "innodb-flush-log-at-trx-commit": 0,
    "innodb-buffer-pool-size": "32M",
  };
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}
