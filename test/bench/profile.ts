import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Ground, Peer } from "./ground.ts";
import { spanOf } from "./measure.ts";
import { peers } from "./peer.ts";

/** Where the time of the thread goes that runs all JavaScript of `run`, in microseconds of each record. */
export type Profile = {
  readonly records: number;
  readonly parts: readonly { readonly where: string; readonly us_a_record: number }[];
};

type Node = {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
};

/** V8's own format; times are microseconds of the monotonic clock. */
type CpuProfile = {
  readonly nodes: readonly Node[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

/** What V8 says where no frame of ours, or of a package, is on the stack. */
const OWN = new Map([
  ["(garbage collector)", "garbage collection, of this thread"],
  ["(idle)", "idle"],
]);

const SMALLEST_US = 0.1;

/** Profiles `run` without changelog over the schemaless feed, from its first partition to its last message. */
export async function measureProfile(ground: Ground): Promise<Profile> {
  const profiles = join(ground.watchdog.directory, "profile");
  mkdirSync(profiles);
  const peer = peers().find(({ id }) => id === "run-local") as Peer;
  const running = peer.start({ ...ground, profiles }, "bench-profile");
  let from = 0;
  const started = running.started.then(() => {
    from = now_us();
  });
  await spanOf({ ...running, started });
  const to = now_us();
  await Promise.all(running.children.map((child) => child.stop()));
  const [file = ""] = readdirSync(profiles);
  const profile = JSON.parse(readFileSync(join(profiles, file), "utf8")) as CpuProfile;
  const parts = [...partsOf(profile, from, to)].map(([where, us]) => ({
    where,
    us_a_record: us / ground.records,
  }));
  return {
    records: ground.records,
    parts: parts
      .filter(({ us_a_record }) => us_a_record >= SMALLEST_US)
      .toSorted((a, b) => b.us_a_record - a.us_a_record),
  };
}

function now_us(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

function partsOf(
  { nodes, startTime, samples, timeDeltas }: CpuProfile,
  from: number,
  to: number,
): Map<string, number> {
  const directories = directoriesOf(nodes);
  const parts = new Map<string, number>();
  let time = startTime;
  samples.forEach((id, i) => {
    const delta = timeDeltas[i] as number;
    time += delta;
    if (time < from || time > to) return;
    const directory = directories.get(id) as string;
    parts.set(directory, (parts.get(directory) ?? 0) + delta);
  });
  return parts;
}

/** Of each node the directory or package that is nearest to it on its stack. */
function directoriesOf(nodes: readonly Node[]): ReadonlyMap<number, string> {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((c) => [c, id])));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const directoryOf = (id: number | undefined): string => {
    const node = id === undefined ? undefined : byId.get(id);
    if (!node) return "Node.js itself";
    return directoryOfFrame(node.callFrame) ?? directoryOf(parents.get(node.id));
  };
  return new Map(nodes.map(({ id }) => [id, directoryOf(id)]));
}

function directoryOfFrame({ functionName, url }: Node["callFrame"]): string | undefined {
  const own = OWN.get(functionName);
  if (own !== undefined) return own;
  const [, name] = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(url) ?? [];
  if (name !== undefined) return name;
  const [, directory] = /\/(src\/[\w-]+(?:\.ts$)?)/.exec(url) ?? [];
  return directory;
}
