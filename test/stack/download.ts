import { createHash } from "node:crypto";
import { access, mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheDirectory } from "./cache.ts";
import { withLock } from "./lock.ts";
import { run } from "./run.ts";
import versions from "./versions.json" with { type: "json" };

const POM = fileURLToPath(new URL("pom.xml", import.meta.url));

/** Directories with the Java programs, ready to run. */
export interface Programs {
  /** The jars of broker and Connect worker. */
  kafka: string;
  /** Connect's plugin path: one directory per plugin. */
  plugins: string;
  /** The unpacked registry. */
  registry: string;
  /** The unpacked MySQL server, where it was wanted. */
  mysql: string;
}

/** A profile of pom.xml, the goal that brings it, and the target directory. */
interface Part {
  profile: string;
  goal: string;
  directory: string;
  /** An archive in what it brings, which is unpacked in its stead. */
  archive?: string;
}

const PARTS: Part[] = [
  { profile: "kafka", goal: "copy-dependencies", directory: "kafka" },
  {
    profile: "debezium-postgres",
    goal: "copy-dependencies",
    directory: "plugins/debezium-postgres",
  },
  { profile: "apicurio", goal: "unpack-dependencies", directory: "registry" },
];

/** Beside the plugins of every stack, so that a worker that does not need it does not load it. */
const MARIADB: Part = {
  profile: "debezium-mariadb",
  goal: "copy-dependencies",
  directory: "plugins-mariadb/debezium-mariadb",
};

const MYSQL: Part[] = [
  {
    profile: "debezium-mysql",
    goal: "copy-dependencies",
    directory: "plugins-mysql/debezium-mysql",
  },
  {
    profile: "mysql",
    goal: "unpack-dependencies",
    directory: "mysql",
    archive: "mysql-Linux-amd64.tar.gz",
  },
];

/**
 * Brings the programs by Maven, about 230 MB, 25 MB more for MariaDB and 60 MB for MySQL, unless these versions are
 * there already. A part's directory gets its name when it is complete; one process at a time writes it.
 */
export async function download(
  wanted: { mariadb?: boolean; mysql?: boolean } = {},
): Promise<Programs> {
  const cache = await cacheDirectory();
  const hash = createHash("sha256")
    .update(JSON.stringify(versions))
    .update(await readFile(POM));
  const directory = join(cache, hash.digest("hex").slice(0, 12));
  const parts = [...PARTS, ...(wanted.mariadb ? [MARIADB] : []), ...(wanted.mysql ? MYSQL : [])];
  if ((await missing(directory, parts)).length > 0) {
    await withLock(join(cache, "download.lock"), async () => {
      for (const part of await missing(directory, parts)) await usage(directory, part);
    });
  }
  const plugins = [
    "plugins",
    ...(wanted.mariadb ? ["plugins-mariadb"] : []),
    ...(wanted.mysql ? ["plugins-mysql"] : []),
  ];
  return {
    kafka: join(directory, "kafka"),
    plugins: plugins.map((name) => join(directory, name)).join(","),
    registry: join(directory, "registry"),
    mysql: join(directory, "mysql"),
  };
}

async function missing(directory: string, parts: Part[]): Promise<Part[]> {
  const there = await Promise.all(parts.map((part) => exists(join(directory, part.directory))));
  return parts.filter((_, index) => !there[index]);
}

async function usage(directory: string, part: Part): Promise<void> {
  console.error(`stack: fetching ${part.profile} by Maven (once)`);
  const partial = join(directory, "partial");
  await rm(partial, { recursive: true, force: true });
  const versionOptions = Object.entries(versions).map(
    ([name, version]) => `-D${name}.version=${version}`,
  );
  await run("mvn", [
    ...["--batch-mode", "--quiet", "--file", POM, "--activate-profiles", part.profile],
    ...versionOptions,
    `-DoutputDirectory=${join(partial, "part")}`,
    "-DincludeScope=runtime",
    // Else Maven notes in the work tree what it has unpacked, and does not unpack it again.
    `-DmarkersDirectory=${join(partial, "markers")}`,
    `dependency:${part.goal}`,
  ]);
  if (part.archive !== undefined) {
    const archive = join(partial, "part", part.archive);
    await run("tar", ["-xzf", archive, "-C", join(partial, "part")]);
    await rm(archive);
  }
  const whole = join(directory, part.directory);
  await mkdir(dirname(whole), { recursive: true });
  await rename(join(partial, "part"), whole);
  await rm(partial, { recursive: true });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
