import { access, mkdir, readdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { cacheDirectory } from "./cache.ts";
import { withLock } from "./lock.ts";
import { run } from "./run.ts";
import versions from "./versions.json" with { type: "json" };

const MINIMUM_JAVA = 17;

interface Need {
  what: string;
  debianPackage: string;
  isThere(): Promise<boolean>;
}

const NEEDS: Need[] = [
  {
    what: `Java ${MINIMUM_JAVA} or newer (java)`,
    debianPackage: "default-jre-headless",
    isThere: async () => (await javaVersion()) >= MINIMUM_JAVA,
  },
  {
    what: "Maven (mvn)",
    debianPackage: "maven",
    isThere: async () => (await directoryOf("mvn", searchPath())) !== undefined,
  },
  {
    what: "the PostgreSQL server (initdb, postgres, psql)",
    debianPackage: "postgresql",
    isThere: async () => (await postgresPrograms()) !== undefined,
  },
  {
    what: "OpenSSL (openssl)",
    debianPackage: "openssl",
    isThere: async () => (await directoryOf("openssl", searchPath())) !== undefined,
  },
  {
    what: "libatomic (rocksdb-native loads it)",
    debianPackage: "libatomic1",
    isThere: async () => /libatomic\.so/.test(await run("/sbin/ldconfig", ["-p"]).catch(() => "")),
  },
];

/** The packages with the programs alone: "mariadb-server" would make and start a server of its own. */
const MARIADB_NEEDS: Need[] = [
  {
    what: "the MariaDB server (mariadbd, mariadb-install-db)",
    debianPackage: "mariadb-server-core",
    isThere: async () => (await mariadbPrograms()) !== undefined,
  },
  {
    what: "the MariaDB client (mariadb)",
    debianPackage: "mariadb-client-core",
    isThere: async () => (await directoryOf("mariadb", searchPath())) !== undefined,
  },
];

/** Maven brings the server itself; it lacks its own client and one library. */
const MYSQL_NEEDS: Need[] = [
  ...MARIADB_NEEDS.filter(({ what }) => /client/.test(what)),
  {
    what: "libaio (mysqld loads it)",
    debianPackage: "libaio1",
    isThere: async () => /libaio\.so\.1 /.test(await run("/sbin/ldconfig", ["-p"]).catch(() => "")),
  },
];

/** For tests that set the clock of a process. */
const FAKETIME_NEEDS: Need[] = [
  {
    what: "libfaketime (sets the clock of one process)",
    debianPackage: "libfaketime",
    isThere: async () => (await faketimeLibrary()) !== undefined,
  },
];

/** For tests that look at the status page. */
const BROWSER_NEEDS: Need[] = [
  {
    what: "Chromium (chromium)",
    debianPackage: "chromium",
    isThere: async () => (await chromium()) !== undefined,
  },
];

/** For the test of shell completion. */
const ZSH_NEEDS: Need[] = [
  {
    what: "zsh",
    debianPackage: "zsh",
    isThere: async () => (await directoryOf("zsh", searchPath())) !== undefined,
  },
];

/**
 * Sees to it that the machine has what the stack runs on. As root on a Debian-like system it installs
 * what is missing; otherwise one error names all of it and the command to install it.
 */
export async function ensureInstalled(wanted: {
  mariadb?: boolean;
  mysql?: boolean;
  faketime?: boolean;
}): Promise<void> {
  if (process.platform !== "linux") {
    throw new Error("the stack runs on Linux only; elsewhere use: docker compose up");
  }
  const all = [
    ...NEEDS,
    ...(wanted.mariadb ? MARIADB_NEEDS : []),
    ...(wanted.mysql ? MYSQL_NEEDS : []),
    ...(wanted.faketime ? FAKETIME_NEEDS : []),
  ];
  await ensure([...new Set(all)]);
}

/** The same for the browser: its path. */
export async function ensureBrowser(): Promise<string> {
  await ensure(BROWSER_NEEDS);
  return (await chromium()) ?? "";
}

export function ensureZsh(): Promise<void> {
  return ensure(ZSH_NEEDS);
}

async function ensure(needs: Need[]): Promise<void> {
  const lacking = await missing(needs);
  if (lacking.length === 0) return;
  const hasAptGet = (await directoryOf("apt-get", searchPath())) !== undefined;
  if (!hasAptGet || process.getuid?.() !== 0) throw notInstalled(lacking);
  await withLock(join(await cacheDirectory(), "install.lock"), async () => {
    const now = await missing(needs);
    if (now.length > 0) await install(now);
  });
  const still = await missing(needs);
  if (still.length > 0) throw notInstalled(still);
}

/** The directory with PostgreSQL's server programs: the tested version first, then the newest. */
export async function postgresPrograms(): Promise<string | undefined> {
  const root = "/usr/lib/postgresql";
  const installed = await readdir(root).catch(() => []);
  const newestFirst = installed.sort((a, b) => Number(b) - Number(a));
  const directories = [versions.postgres, ...newestFirst].map((version) =>
    join(root, version, "bin"),
  );
  return directoryOf("initdb", [...directories, ...searchPath()]);
}

/** The directory with MariaDB's server, which is not on every user's PATH. */
export async function mariadbPrograms(): Promise<string | undefined> {
  return directoryOf("mariadbd", ["/usr/sbin", ...searchPath()]);
}

/** What a process loads before all else to have a clock of its own. */
export async function faketimeLibrary(): Promise<string | undefined> {
  const root = "/usr/lib";
  const platforms = await readdir(root).catch(() => []);
  const name = "libfaketimeMT.so.1";
  const directory = await directoryOf(
    name,
    platforms.map((platform) => join(root, platform, "faketime")),
  );
  return directory && join(directory, name);
}

async function chromium(): Promise<string | undefined> {
  const directory = await directoryOf("chromium", searchPath());
  return directory && join(directory, "chromium");
}

async function missing(needs: Need[]): Promise<Need[]> {
  const there = await Promise.all(needs.map((need) => need.isThere()));
  return needs.filter((_, index) => !there[index]);
}

async function install(needs: Need[]): Promise<void> {
  const packages = needs.map((need) => need.debianPackage);
  console.error(`stack: installing ${packages.join(", ")} with apt-get`);
  // Debian's package would make and start a server of its own on port 5432.
  if (packages.includes("postgresql")) {
    const directory = "/etc/postgresql-common/createcluster.d";
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "cdc-to-segment.conf"), "create_main_cluster = false\n");
  }
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const wait = ["-o", "DPkg::Lock::Timeout=300"];
  await run("apt-get", [...wait, "update"], { env });
  await run("apt-get", [...wait, "install", "-y", "--no-install-recommends", ...packages], { env });
}

function notInstalled(needs: Need[]): Error {
  const list = needs.map((need) => `  - ${need.what}`).join("\n");
  const packages = needs.map((need) => need.debianPackage).join(" ");
  return new Error(
    `the stack needs programs that this machine lacks:\n${list}\n` +
      `On Debian or Ubuntu: sudo apt-get install --no-install-recommends ${packages}`,
  );
}

async function javaVersion(): Promise<number> {
  const text = await run("java", ["--version"]).catch(() => "");
  return Number(/^\S+ (\d+)/.exec(text)?.[1] ?? 0);
}

/** The first of `directories` that contains `program`. */
async function directoryOf(program: string, directories: string[]): Promise<string | undefined> {
  for (const directory of directories) {
    const there = await access(join(directory, program)).then(
      () => true,
      () => false,
    );
    if (there) return directory;
  }
  return undefined;
}

function searchPath(): string[] {
  return (process.env.PATH ?? "").split(delimiter).filter((directory) => directory !== "");
}
