import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** The folder for what is fetched once a machine; outside the work tree, made when it is not there. */
export async function cacheDirectory(): Promise<string> {
  const root = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const directory = join(root, "cdc-to-segment");
  await mkdir(directory, { recursive: true });
  return directory;
}
