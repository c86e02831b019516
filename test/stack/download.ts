import { createHash } from "node:crypto";
import { access, mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder } from "./cache.ts";
import { withLock } from "./lock.ts";
import { run } from "./run.ts";
import versions from "./versions.json" with { type: "json" };

const POM = fileURLToPath(new URL("pom.xml", import.meta.url));

/** Folders with the Java programs, ready to run. */
export interface Programs {
  /** The jars of broker and Connect worker. */
  kafka: string;
  /** Connect's plugin path: one folder a plugin. */
  plugins: string;
  /** The unpacked registry. */
  registry: string;
}

/** A profile of pom.xml, the goal that brings it, and the folder it goes to. */
const PARTS = [
  { profile: "kafka", goal: "copy-dependencies", folder: "kafka" },
  { profile: "debezium-postgres", goal: "copy-dependencies", folder: "plugins/debezium-postgres" },
  { profile: "apicurio", goal: "unpack-dependencies", folder: "registry" },
];

/**
 * Brings the Java programs by Maven, about 230 MB, unless these versions are there already. The folder
 * gets its name only when it is whole, and one process at a time fills it.
 */
export async function download(): Promise<Programs> {
  const cache = await cacheFolder();
  const hash = createHash("sha256")
    .update(JSON.stringify(versions))
    .update(await readFile(POM));
  const folder = join(cache, hash.digest("hex").slice(0, 12));
  if (!(await exists(folder))) {
    await withLock(join(cache, "download.lock"), async () => {
      if (!(await exists(folder))) await fill(folder);
    });
  }
  return {
    kafka: join(folder, "kafka"),
    plugins: join(folder, "plugins"),
    registry: join(folder, "registry"),
  };
}

async function fill(folder: string): Promise<void> {
  console.error("stack: fetching Kafka, Debezium and the registry by Maven (once, about 230 MB)");
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  const versionOptions = Object.entries(versions).map(([name, at]) => `-D${name}.version=${at}`);
  for (const part of PARTS) {
    await run("mvn", [
      ...["--batch-mode", "--quiet", "--file", POM, "--activate-profiles", part.profile],
      ...versionOptions,
      `-DoutputDirectory=${join(partial, part.folder)}`,
      "-DincludeScope=runtime",
      // Else Maven notes in the work tree what it has unpacked, and does not unpack it again.
      `-DmarkersDirectory=${join(partial, "markers")}`,
      `dependency:${part.goal}`,
    ]);
  }
  await rename(partial, folder);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
