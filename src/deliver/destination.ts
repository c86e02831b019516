/** The port for where messages go. */
export interface Destination {
  /** Sends messages, each JSON text, as one batch. Never rejects: what went wrong is an answer too. */
  send(messages: readonly string[], signal: AbortSignal): Promise<SegmentResponse>;
}

/** What came back: an HTTP answer, or a failure on the way. */
export type SegmentResponse =
  | { readonly status: number; readonly body: string; readonly retryAfter?: string }
  | {
      readonly failure: string;
      /** The other side could not show that it is the one that was called. */
      readonly isUntrusted?: boolean;
    };
