import { partitionName, type SourceRecord, type TopicPartition } from "../../data/record.ts";

type Queue = { readonly tp: TopicPartition; records: SourceRecord[]; ended: boolean };

/**
 * Puts the records of several partitions into one order: by the records' times as far as the partitions' own orders
 * allow. The order between partitions is nothing that Kafka keeps, but a truncate stands in one and concerns all.
 */
export class PartitionMerge {
  readonly #queues = new Map<string, Queue>();

  /** Nothing is taken before every partition that was opened has a record or has ended. */
  open(tp: TopicPartition): void {
    this.#queues.set(partitionName(tp), { tp, records: [], ended: false });
  }

  push(tp: TopicPartition, records: readonly SourceRecord[]): void {
    this.#queues.get(partitionName(tp))?.records.push(...records);
  }

  /** No more records of the partition will come. */
  end(tp: TopicPartition): void {
    const queue = this.#queues.get(partitionName(tp));
    if (queue) queue.ended = true;
  }

  hasEnded(tp: TopicPartition): boolean {
    return this.#queues.get(partitionName(tp))?.ended ?? true;
  }

  /** Records of the partition that wait. */
  waiting(tp: TopicPartition): number {
    return this.#queues.get(partitionName(tp))?.records.length ?? 0;
  }

  /** Every partition has ended and all of it was taken. */
  get isDone(): boolean {
    return [...this.#queues.values()].every(({ ended, records }) => ended && records.length === 0);
  }

  /** Takes what is next, until a partition that has not ended has nothing more. */
  take(): SourceRecord[] {
    const taken: SourceRecord[] = [];
    const heads = [...this.#queues.values()].map((queue) => ({ queue, next: 0 }));
    for (let first = earliest(heads); first; first = earliest(heads)) {
      taken.push(first.queue.records[first.next] as SourceRecord);
      first.next += 1;
    }
    for (const { queue, next } of heads) queue.records = queue.records.slice(next);
    return taken;
  }
}

type Head = { readonly queue: Queue; next: number };

/** The head with the earliest record; none while a partition that has not ended has nothing. */
function earliest(heads: readonly Head[]): Head | null {
  let found: Head | null = null;
  let time = Number.POSITIVE_INFINITY;
  for (const head of heads) {
    const record = head.queue.records[head.next];
    if (!record && !head.queue.ended) return null;
    if (record && record.timestamp < time) {
      found = head;
      time = record.timestamp;
    }
  }
  return found;
}
