import { join } from "node:path";
import { mysqlClient, USER } from "./mysql-client.ts";
import { withPorts } from "./ports.ts";
import { run } from "./run.ts";
import { Service } from "./service.ts";
import type { StallDetector } from "./watchdog.ts";

const HOST = "127.0.0.1";
const DATABASE = "app";

/** The program that Maven brings is built for this processor alone. */
export const MYSQL_RUNS_HERE = process.arch === "x64";

/** A server that writes a row-based binlog with whole rows. Its user has no password. */
export interface MySql {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly logFile: string;
  /** As MariaDb.sql. */
  sql(text: string): Promise<string>;
}

/** @param programs the directory with `bin/mysqld` */
export async function startMySql(
  programs: string,
  watchdog: StallDetector,
  options: { port?: number } = {},
): Promise<MySql> {
  if (!MYSQL_RUNS_HERE) throw new Error("the MySQL server of this stack needs an x86-64 processor");
  const command = join(programs, "bin", "mysqld");
  const data = join(watchdog.directory, "mysql");
  // Root has to say that it means it; unlike MariaDB's, the program may lie where only its owner can read it.
  const owner = process.getuid?.() === 0 ? ["--user=root"] : [];
  const args = ["--no-defaults", ...owner, `--basedir=${programs}`, `--datadir=${data}`];
  await run(command, [...args, "--initialize-insecure"], { watchdog });

  return withPorts([options.port], async ([port = 0]) => {
    const sql = mysqlClient(HOST, port);
    const service = new Service(
      {
        name: "mysql",
        command,
        args: [...args, ...settings(port, data)],
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

/** Whole rows in a row-based binlog are MySQL's own defaults since 8.0. */
function settings(port: number, data: string): string[] {
  const values = {
    port,
    "bind-address": HOST,
    socket: join(data, "mysql.sock"),
    mysqlx: "OFF",
    "server-id": 1,
    "log-bin": "binlog",
    // The machine's own zone must not decide what a test sees.
    "default-time-zone": "+00:00",
    // The data is deleted after the test, so it need not survive a power failure.
    "innodb-flush-log-at-trx-commit": 0,
    "sync-binlog": 0,
    "innodb-buffer-pool-size": "32M",
  };
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}
