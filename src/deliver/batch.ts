/**
 * Segment's limits (HTTP API): 500 KB a request, 2,500 messages a batch, 32 KB a message. Ours are lower: Segment does
 * not say whether KB is 1,000 or 1,024 bytes, and the request has more than its messages.
 */
export const LIMITS = {
  batch_bytes: 480_000,
  batch_messages: 2_500,
  message_bytes: 31_000,
} as const;

/** How many of the first messages fit into one batch: at least one, in UTF-8 bytes with their commas. */
export function batchSize(messages: readonly { readonly bytes: number }[]): number {
  let bytes = 0;
  let size = 0;
  for (const message of messages) {
    bytes += message.bytes + 1;
    if (size === LIMITS.batch_messages || (size > 0 && bytes > LIMITS.batch_bytes)) break;
    size += 1;
  }
  return size;
}
