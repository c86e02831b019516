import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** The folder for what is fetched once a machine; outside the work tree, made when it is not there. */
export async function cacheFolder(): Promise<string> {
  const root = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const folder = join(root, "cdc-to-segment");
  await mkdir(folder, { recursive: true });
  return folder;
}
