import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A disk for one test, whose free space the test sets. */
export type SmallDisk = {
  readonly directory: string;
  /** How the disk was made. */
  readonly how: string;
  /** Leaves this many bytes free. */
  reduceTo(free_bytes: number): void;
  clear(): void;
  /** Call it with each process that writes to the disk, when it starts. */
  limit(child: ChildProcess): void;
  remove(): void;
};

const SIZE_BYTES = 64 * 1_048_576;

/** The limit of each file when no disk can be made: RocksDB's write-ahead log reaches it soon. */
const LARGEST_FILE_BYTES = 200_000;

/**
 * Tries in this order: a mount (root), a mount by sudo (CI machines), a mount in a user namespace (desktops), a limit on
 * file sizes (containers without privileges). Throws if the machine allows none.
 */
export function smallDisk(): SmallDisk {
  const rejected: string[] = [];
  for (const way of [mounted, mountedBySudo, mountedInNamespace, limitedFiles]) {
    const home = mkdtempSync(join(tmpdir(), "small-disk-"));
    const directory = join(home, "disk");
    mkdirSync(directory);
    try {
      return way(home, directory);
    } catch (error) {
      rmSync(home, { recursive: true });
      rejected.push(`${way.name}: ${(error as Error).message.trim()}`);
    }
  }
  throw new Error(`no small disk can be made on this machine:\n${rejected.join("\n")}`);
}

function mounted(home: string, directory: string): SmallDisk {
  command("mount", mountOf(directory));
  return ofSize("mount", directory, () => {
    command("umount", [directory]);
    rmSync(home, { recursive: true });
  });
}

function mountedBySudo(home: string, directory: string): SmallDisk {
  const owner = `,uid=${process.getuid?.()},mode=700`;
  command("sudo", ["-n", "mount", ...mountOf(directory, owner)]);
  return ofSize("sudo mount", directory, () => {
    command("sudo", ["-n", "umount", directory]);
    rmSync(home, { recursive: true });
  });
}

/** The namespace exists while a process runs in it; /proc/PID/root gives access to its files. */
function mountedInNamespace(home: string, directory: string): SmallDisk {
  command("unshare", ["-Urm", "mount", ...mountOf(directory)]);
  const script = 'mount "$@" && echo mounted > "$0" && exec sleep 3600';
  const marker = join(home, "mounted");
  const args = ["-Urm", "sh", "-c", script, marker, ...mountOf(directory)];
  const holder = spawn("unshare", args, { stdio: "ignore" });
  command("sh", [
    "-c",
    'for i in $(seq 600); do [ -s "$0" ] && exit; sleep 0.1; done; exit 1',
    marker,
  ]);
  return ofSize("user namespace", `/proc/${holder.pid}/root${directory}`, () => {
    holder.kill("SIGKILL");
    rmSync(home, { recursive: true });
  });
}

function limitedFiles(home: string, directory: string): SmallDisk {
  command("prlimit", ["--version"]);
  let isFull = false;
  return {
    directory,
    how: "limited files",
    reduceTo: () => {
      isFull = true;
    },
    clear: () => {
      isFull = false;
    },
    limit: ({ pid }) => {
      if (isFull) command("prlimit", [`--pid=${pid}`, `--fsize=${LARGEST_FILE_BYTES}`]);
    },
    remove: () => rmSync(home, { recursive: true }),
  };
}

function ofSize(how: string, directory: string, remove: () => void): SmallDisk {
  const ballast = join(directory, "ballast");
  return {
    directory,
    how,
    reduceTo: (free_bytes) => {
      const { bavail, bsize } = statfsSync(directory);
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - free_bytes)), { flag: "a" });
    },
    clear: () => rmSync(ballast),
    limit: () => {},
    remove,
  };
}

function mountOf(directory: string, more = ""): string[] {
  return ["-t", "tmpfs", "-o", `size=${SIZE_BYTES}${more}`, "tmpfs", directory];
}

function command(name: string, args: readonly string[]): string {
  return execFileSync(name, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
