import type { MessageKind } from "./message-kind.ts";

/** What one sync has of a row besides its membership: enough to tell a person what it sent, and since when it counts it. */
export type Trace = {
  /** The sync's number in the stored rows. */
  readonly sync: number;
  /** Commit time at which it began to count the row, ms since 1970; `null` where it does not, or nobody knows. */
  readonly since: number | null;
  /** `null` where it gave none, or nobody knows. */
  readonly last: LastMessage | null;
};

/** The last message that a sync gave of a row. */
export type LastMessage = {
  /** Of a change that was set aside: what happened to the row. */
  readonly kind: MessageKind;
  /** Its messageId, where that is not the one derived from all this. */
  readonly id: string | null;
  /** No message could be made of the change: it stands in the dead letters. */
  readonly isSetAside: boolean;
  readonly from: Teller;
};

/** The record that gave a message, with what its id is made of; one for all syncs. */
export type Teller = {
  readonly offset: number;
  /** Commit time, ms since 1970. */
  readonly time: number;
  /** The position in the database's log, else `partition/offset`. */
  readonly place: string;
  /** The table's name; `null` where the topic's has it behind its first dot, as Debezium names topics. */
  readonly table: string | null;
  /** The record's partition, where that is another one than the row's. */
  readonly partition: number | null;
  /** The key that the message was about, where the row had another one then. */
  readonly key: string | null;
};

export function traceOf(traces: readonly Trace[], sync: number): Trace | undefined {
  return traces.find((trace) => trace.sync === sync);
}

/** The sync begins to count the row, or with `null` ends to. */
export function withSince(
  traces: readonly Trace[],
  sync: number,
  since: number | null,
): readonly Trace[] {
  const last = traceOf(traces, sync)?.last ?? null;
  return put(traces, { sync, since, last });
}

export function withLast(
  traces: readonly Trace[],
  sync: number,
  last: LastMessage,
): readonly Trace[] {
  const since = traceOf(traces, sync)?.since ?? null;
  return put(traces, { sync, since, last });
}

/** No sync counts the row any more; what they told last stays known. */
export function withoutSince(traces: readonly Trace[]): readonly Trace[] {
  return traces.reduce((all, { sync }) => withSince(all, sync, null), traces);
}

/** As they are of a row that goes to another key, and perhaps to another partition. */
export function tracesOf(
  traces: readonly Trace[],
  { key, partition }: { readonly key: string; readonly partition: number },
): readonly Trace[] {
  return traces.map((trace) => {
    if (trace.last === null) return trace;
    const { from } = trace.last;
    const told = { ...from, key: from.key ?? key, partition: from.partition ?? partition };
    return { ...trace, last: { ...trace.last, from: told } };
  });
}

/** What `Teller` says of a table. */
export function tableAsTold(topic: string, table: string): string | null {
  return table === tableOf(topic) ? null : table;
}

/** The table that it names. */
export function tableTold(topic: string, table: string | null): string {
  return table ?? tableOf(topic);
}

function tableOf(topic: string): string {
  return topic.slice(topic.indexOf(".") + 1);
}

/** In its old place, else at the end; one that says nothing is left out. */
function put(traces: readonly Trace[], trace: Trace): readonly Trace[] {
  const at = traces.findIndex(({ sync }) => sync === trace.sync);
  const isEmpty = trace.since === null && trace.last === null;
  if (at === -1) return isEmpty ? traces : [...traces, trace];
  return isEmpty ? traces.toSpliced(at, 1) : traces.with(at, trace);
}
