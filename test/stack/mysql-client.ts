import { run } from "./run.ts";

/** The user of the stack's MariaDB and MySQL. It has no password. */
export const USER = "root";

/** MariaDB's client, which speaks to MySQL as well: runs SQL, one statement or many, and gives the rows as text. */
export function mysqlClient(host: string, port: number) {
  return (text: string, database: string): Promise<string> =>
    run(
      "mariadb",
      [
        ...["--no-defaults", `--host=${host}`, `--port=${port}`, `--user=${USER}`],
        ...["--default-character-set=utf8mb4", "--batch", "--skip-column-names", "--raw"],
        database,
      ],
      { input: text },
    );
}
