/** The use of a bounded resource. At the limit its producer waits. */
export type Usage = { readonly used: number; readonly limit: number };

/** What a task keeps in memory, with the limits of the settings `limits` and `checkpoint`. */
export const USAGES = {
  queue_records: "records waiting to be processed",
  queue_bytes: "bytes of the records waiting to be processed",
  uncommitted_rows: "rows and dead letters processed and not yet stored",
  uncommitted_bytes: "bytes of the rows and dead letters not yet stored",
  delivery_queue_messages: "messages not yet delivered",
  delivery_queue_bytes: "bytes of the messages not yet delivered",
} as const;

export type Usages = { readonly [name in keyof typeof USAGES]: Usage };
