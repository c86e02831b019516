import { decodeStoredRow } from "../../src/state/row-codec.ts";
import type { Cluster } from "./cluster.ts";
import { type History, partitionOf } from "./history.ts";

/** What is left when all is over, in a form in which two runs can be held against each other. */
export type Outcome = {
  /** What Segment took: each message by its id. */
  readonly messages: ReadonlyMap<string, string>;
  /** The ids of each row in the order of their first arrivals; where its key went to another partition they begin anew. */
  readonly order: ReadonlyMap<string, string>;
  /** Coordinates and reason of each. */
  readonly deadLetters: ReadonlyMap<string, string>;
  /** What the stores hold: rows, and where their tasks stand. */
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
  const { outside } = cluster;
  const { segment, problems } = outside;
  const order = new Map<string, string>();
  for (const [id, text] of segment.taken) {
    const { properties, traits, timestamp } = JSON.parse(text) as Message;
    const { id: key = 0, uid = 0 } = properties ?? traits ?? {};
    if (unseen.has(uid)) problems.push(`row ${uid} was gone before it was told of: ${text}`);
    const since = moves.get(uid)?.findLast((time) => time <= Date.parse(timestamp)) ?? "its insert";
    const name = `row ${uid} in ${partitionOf(key, outside.data.length)} since ${since}`;
    order.set(name, `${order.get(name) ?? ""} ${nameOfMessage(id, text)}`);
  }
  return {
    messages: new Map(segment.taken),
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

function deadLettersOf({ outside }: Cluster): Map<string, string> {
  const deadLetters = new Map<string, string>();
  for (const { headers } of outside.deadLetters.read(0, Number.POSITIVE_INFINITY)) {
    const of = (name: string) => String(headers[`cdc-to-segment.${name}`]);
    const { messageId = "" } = JSON.parse(headers["cdc-to-segment.message"] ? of("message") : "{}");
    const name = [of("partition"), of("offset"), of("by"), messageId].join(" ");
    deadLetters.set(name, `${of("code")} ${of("reason")}`);
  }
  return deadLetters;
}

/** And what each store holds is what its changelog has. */
function stateOf(cluster: Cluster): Map<string, string> {
  const { outside } = cluster;
  const state = new Map<string, string>();
  for (const [partition, { tp }] of outside.data.entries()) {
    const store = cluster.owner(tp)?.store(tp);
    if (!store) {
      outside.problems.push(`${partition} has no store`);
      continue;
    }
    const changelog = outside.changelogs[partition]?.contents() ?? new Map();
    const kept = new Map(store.entries().filter(([key]) => "hpr".includes(key.charAt(0))));
    changelog.delete("m");
    for (const key of new Set([...kept.keys(), ...changelog.keys()])) {
      const [here, there] = [kept.get(key), changelog.get(key)];
      if (String(here) !== String(there))
        outside.problems.push(`${partition} ${key}: the store has ${here}, the changelog ${there}`);
      if (here && !isLeftOver(key, partition, outside.data.length))
        state.set(`${partition} ${key}`, textOf(key, here));
    }
  }
  return state;
}

/**
 * A former owner may tell of a key change in its own partition after all is done: the others keep that for as long as
 * they remember removals, and nobody asks them for it.
 */
function isLeftOver(key: string, partition: number, partitions: number): boolean {
  if (!key.startsWith("h")) return false;
  const ids = (JSON.parse(key.slice(1)) as string[]).slice(0, 2).map((text) => JSON.parse(text)[0]);
  const [from, to] = ids.map((id) => partitionOf(id, partitions));
  return from === to && to !== partition;
}

function textOf(key: string, bytes: Buffer): string {
  if (key.startsWith("h")) return "a row on its way";
  if (key.startsWith("p")) {
    const { next, lastDelete, streaming, truncated } = JSON.parse(bytes.toString());
    return JSON.stringify({ next, lastDelete, streaming, truncated });
  }
  const { offset, ...stored } = decodeStoredRow(bytes.toString());
  // A removal by another partition's truncate stands where the task stood then.
  return JSON.stringify(stored.row === null ? stored : { offset, ...stored }, (_, value) =>
    typeof value === "bigint" ? `${value}` : value,
  );
}
