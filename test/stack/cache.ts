import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** The directory for downloads, shared by all checkouts of the machine; created if it is missing. */
export async function cacheDirectory(): Promise<string> {
  const root = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const directory = join(root, "cdc-to-segment");
  await mkdir(directory, { recursive: true });
  return directory;
}
