import type { SourceRecord } from "../../data/record.ts";

type Batches = AsyncIterator<readonly SourceRecord[]>;

/** The records of one partition that come next. */
type Head = { readonly batches: Batches; readonly records: readonly SourceRecord[]; next: number };

/**
 * Merges partitions by record time, as far as the order within each partition allows. Kafka has no order between
 * partitions, but a truncate is in one partition and applies to all.
 */
export async function* mergeByTime(
  partitions: readonly AsyncIterable<readonly SourceRecord[]>[],
): AsyncGenerator<readonly SourceRecord[]> {
  const opened = partitions.map((partition) => headOf(partition[Symbol.asyncIterator]()));
  let heads = (await Promise.all(opened)).flat();
  try {
    while (heads.length > 0) {
      yield takeInOrder(heads);
      heads = (await Promise.all(heads.map(refilled))).flat();
    }
  } finally {
    await Promise.all(heads.map(({ batches }) => batches.return?.()));
  }
}

/** The next batch of a partition; none at its end. */
async function headOf(batches: Batches): Promise<readonly Head[]> {
  const { value, done } = await batches.next();
  return done ? [] : [{ batches, records: value, next: 0 }];
}

async function refilled(head: Head): Promise<readonly Head[]> {
  return head.next < head.records.length ? [head] : headOf(head.batches);
}

/** Takes records until a partition has none left: its next record may be earlier than those of the others. */
function takeInOrder(heads: readonly Head[]): readonly SourceRecord[] {
  const taken: SourceRecord[] = [];
  for (;;) {
    const first = heads.reduce((one, other) => (timeOf(other) < timeOf(one) ? other : one));
    taken.push(first.records[first.next] as SourceRecord);
    first.next += 1;
    if (first.next === first.records.length) return taken;
  }
}

function timeOf({ records, next }: Head): number {
  return records[next]?.timestamp ?? 0;
}
