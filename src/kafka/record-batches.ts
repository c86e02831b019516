import type { JournalEntry } from "../journal/journal.ts";
import { CdcError } from "../lib/errors.ts";

/** The head of a record batch, and of each record and header, at most. */
const BATCH_BYTES = 70;
const RECORD_BYTES = 40;
const HEADER_BYTES = 10;

/** kafkajs 2.2.4 copies all it has of a batch with each record: 5,000 in one took a third longer than in three. */
const BATCH_RECORDS = 2_000;

/**
 * Entries in order, in runs that each fit into one record batch of the topic.
 * @param maxBytes the topic's max.message.bytes
 * @throws CdcError ENTRY_TOO_LARGE where one alone does not fit, which no repetition heals
 */
export function recordBatches<E extends Pick<JournalEntry, "key" | "value" | "headers">>(
  entries: readonly E[],
  maxBytes: number,
  topic: string,
): E[][] {
  const limit = maxBytes - BATCH_BYTES;
  const runs: E[][] = [];
  let room = 0;
  for (const entry of entries) {
    const bytes = bytesOf(entry);
    if (bytes > limit) {
      const text = `an entry of ${bytes} bytes does not fit into the topic "${topic}": raise its max.message.bytes (now ${maxBytes})`;
      throw new CdcError("ENTRY_TOO_LARGE", text);
    }
    if (bytes > room || runs.at(-1)?.length === BATCH_RECORDS) {
      runs.push([]);
      room = limit;
    }
    runs.at(-1)?.push(entry);
    room -= bytes;
  }
  return runs;
}

function bytesOf({ key, value, headers }: JournalEntry): number {
  let bytes = RECORD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, held] of Object.entries(headers))
    bytes += HEADER_BYTES + Buffer.byteLength(name) + Buffer.byteLength(held);
  return bytes;
}
