import { decodeStoredRow } from "../../src/state/row-codec.ts";
import type { Cluster } from "./cluster.ts";
import { type History, partitionOf } from "./history.ts";

/** The result of a run, in a form that can be compared with another run. */
export type Outcome = {
  /** The messages that Segment accepted, by id. */
  readonly messages: ReadonlyMap<string, string>;
  /** The message ids of each row in the order of arrival. A new list starts when its key moves to another partition. */
  readonly order: ReadonlyMap<string, string>;
  /** Coordinates and reason of each. */
  readonly deadLetters: ReadonlyMap<string, string>;
  /** Rows and task records in the stores. */
  readonly state: ReadonlyMap<string, string>;
  readonly problems: readonly string[];
};

type Message = {
  readonly type: string;
  readonly event?: string;
  readonly timestamp: string;
  readonly properties?: { readonly id: number; readonly uid: number };
  readonly traits?: { readonly id: number; readonly uid: number };
};

export function outcomeOf(cluster: Cluster, { moves, unseen }: History): Outcome {
  const { environment } = cluster;
  const { segment, problems } = environment;
  const order = new Map<string, string>();
  for (const [id, text] of segment.accepted) {
    const { properties, traits, timestamp } = JSON.parse(text) as Message;
    const { id: key = 0, uid = 0 } = properties ?? traits ?? {};
    if (unseen.has(uid))
      problems.push(`row ${uid} was deleted before any message about it: ${text}`);
    const since = moves.get(uid)?.findLast((time) => time <= Date.parse(timestamp)) ?? "its insert";
    const name = `row ${uid} in ${partitionOf(key, environment.data.length)} since ${since}`;
    order.set(name, `${order.get(name) ?? ""} ${nameOfMessage(id, text)}`);
  }
  return {
    messages: new Map(segment.accepted),
    order,
    deadLetters: deadLettersOf(cluster),
    state: stateOf(cluster),
    problems: [
      ...problems,
      ...segment.contradictions.map((both) => `one id, two messages: ${both}`),
    ],
  };
}

function nameOfMessage(id: string, text: string): string {
  const { type, event = type } = JSON.parse(text) as Message;
  return `${event}:${id.slice(0, 6)}`;
}

function deadLettersOf({ environment }: Cluster): Map<string, string> {
  const deadLetters = new Map<string, string>();
  for (const { headers } of environment.deadLetters.read(0, Number.POSITIVE_INFINITY)) {
    const of = (name: string) => String(headers[`cdc-to-segment.${name}`]);
    const { messageId = "" } = JSON.parse(headers["cdc-to-segment.message"] ? of("message") : "{}");
    const name = [of("partition"), of("offset"), of("by"), messageId].join(" ");
    deadLetters.set(name, `${of("code")} ${of("reason")}`);
  }
  return deadLetters;
}

/** Also checks that each store equals its changelog. */
function stateOf(cluster: Cluster): Map<string, string> {
  const { environment } = cluster;
  const state = new Map<string, string>();
  for (const [partition, { tp }] of environment.data.entries()) {
    const store = cluster.owner(tp)?.store(tp);
    if (!store) {
      environment.problems.push(`${partition} has no store`);
      continue;
    }
    const changelog = environment.changelogs[partition]?.contents() ?? new Map();
    const stored = new Map(store.entries().filter(([key]) => "hpr".includes(key.charAt(0))));
    changelog.delete("m");
    for (const key of new Set([...stored.keys(), ...changelog.keys()])) {
      const [inStore, inChangelog] = [stored.get(key), changelog.get(key)];
      if (String(inStore) !== String(inChangelog))
        environment.problems.push(
          `${partition} ${key}: the store has ${inStore}, the changelog ${inChangelog}`,
        );
      if (inStore && !isUnusedHandover(key, partition, environment.data.length))
        state.set(`${partition} ${key}`, textOf(key, inStore));
    }
  }
  return state;
}

/**
 * A former owner may send a key change within its own partition after everything is done. The other tasks store the
 * handover until it expires, and no record takes it.
 */
function isUnusedHandover(key: string, partition: number, partitions: number): boolean {
  if (!key.startsWith("h")) return false;
  const ids = (JSON.parse(key.slice(1)) as string[]).slice(0, 2).map((text) => JSON.parse(text)[0]);
  const [from, to] = ids.map((id) => partitionOf(id, partitions));
  return from === to && to !== partition;
}

function textOf(key: string, bytes: Buffer): string {
  if (key.startsWith("h")) return "a handover";
  if (key.startsWith("p")) {
    const { next, lastDelete, streaming, truncated } = JSON.parse(bytes.toString());
    return JSON.stringify({ next, lastDelete, streaming, truncated });
  }
  const { offset, ...rest } = decodeStoredRow(bytes.toString());
  // A removal by another partition's truncate has the offset of the task at that time.
  return JSON.stringify(rest.row === null ? rest : { offset, ...rest }, (_, value) =>
    typeof value === "bigint" ? `${value}` : value,
  );
}
