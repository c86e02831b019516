/** The port for where messages go. */
export interface Destination {
  /** Sends messages, each JSON text, as one batch. Never rejects: a failure is a response too. */
  send(messages: readonly string[], signal: AbortSignal): Promise<SegmentResponse>;
}

/** An HTTP response, or a failure of the request. */
export type SegmentResponse =
  | { readonly status: number; readonly body: string; readonly retryAfter?: string }
  | {
      readonly failure: string;
      /** The server's certificate cannot be verified. */
      readonly isUntrusted?: boolean;
    };
