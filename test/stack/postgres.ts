import { chown, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { postgresPrograms } from "./install.ts";
import { withPorts } from "./ports.ts";
import { run } from "./run.ts";
import { serverUser } from "./server-user.ts";
import { Service } from "./service.ts";
import type { StallDetector } from "./watchdog.ts";

const HOST = "127.0.0.1";
const NAME = "postgres";

/** A server with logical decoding on. It trusts everyone: no password is asked or checked. */
export interface Postgres {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly url: string;
  readonly logFile: string;
  /**
   * Runs SQL, one statement or many, each committed by itself unless the text says BEGIN. Resolves to
   * the rows as text: a line a row, columns split by "|". Rejects with psql's message at the first error.
   */
  sql(text: string): Promise<string>;
}

export async function startPostgres(
  watchdog: StallDetector,
  options: { port?: number } = {},
): Promise<Postgres> {
  const programs = await postgresPrograms();
  if (programs === undefined) throw new Error("PostgreSQL's server programs were not found");
  const user = await serverUser("PostgreSQL", ["postgres", "nobody"]);
  const data = join(watchdog.directory, "postgres");
  await mkdir(data, { mode: 0o700 });
  if (user !== undefined) await chown(data, user.uid, user.gid);
  await run(
    join(programs, "initdb"),
    [
      ...["--pgdata", data, "--username", NAME, "--auth", "trust", "--no-sync"],
      ...["--encoding", "UTF8", "--locale", "C"],
    ],
    { user, watchdog, cwd: data },
  );

  return withPorts([options.port], async ([port = 0]) => {
    const service = new Service(
      {
        name: "postgres",
        command: join(programs, "postgres"),
        args: ["-D", data, ...settings(port)],
        user,
        ready: async () => {
          await run(join(programs, "pg_isready"), ["-q", "-h", HOST, "-p", String(port)]);
          return true;
        },
        readyWithinMs: 60_000,
        // "Fast": SIGTERM would wait for the connector to hang up.
        stopSignal: "SIGINT",
      },
      watchdog,
    );
    await service.start();
    const url = `postgresql://${NAME}@${HOST}:${port}/${NAME}`;
    return {
      host: HOST,
      port,
      user: NAME,
      database: NAME,
      url,
      logFile: service.logFile,
      sql: (text) =>
        run(
          join(programs, "psql"),
          [url, "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "-v", "ON_ERROR_STOP=1"],
          { input: text },
        ),
    };
  });
}

function settings(port: number): string[] {
  const values = {
    port,
    listen_addresses: HOST,
    unix_socket_directories: "",
    wal_level: "logical",
    max_replication_slots: 20,
    max_wal_senders: 20,
    // The data is deleted after the test, so it need not survive a power failure.
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
    shared_buffers: "32MB",
  };
  return Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
