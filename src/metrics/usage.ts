/** What the parts of a pipeline say of themselves when they are asked: plain values, made at that moment. */

/** Something that is bounded: how much of it is taken, and the limit at which it stops what fills it. */
export type Usage = { readonly now: number; readonly limit: number };

/** What a task holds in memory, each with its limit (settings `limits` and `checkpoint`). */
export const USAGES = {
  queue_records: "records waiting to be processed",
  queue_bytes: "bytes of the records waiting to be processed",
  uncommitted_rows: "rows and dead letters processed and not yet stored",
  uncommitted_bytes: "bytes of the rows and dead letters not yet stored",
  delivery_queue_messages: "messages not yet delivered",
  delivery_queue_bytes: "bytes of the messages not yet delivered",
} as const;

export type Usages = { readonly [name in keyof typeof USAGES]: Usage };
