import { readFile } from "node:fs/promises";
import type { User } from "./run.ts";

/** A database refuses to run as root: then it runs as the first of these users that the machine has. */
export async function serverUser(database: string, names: string[]): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const lines = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  for (const name of names) {
    const found = lines.find((fields) => fields[0] === name);
    if (found) return { uid: Number(found[2]), gid: Number(found[3]) };
  }
  throw new Error(`${database} does not run as root, and there is no user ${names.join(" or ")}`);
}
