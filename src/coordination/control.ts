import type { ControlMessage } from "./control-message.ts";

/** Control messages in the order of the control log, with the offset after the last of them. */
export type ControlBatch = { readonly messages: readonly ControlMessage[]; readonly next: number };

/**
 * The control log: messages between the tasks of one pipeline, in all processes, about changes that concern several
 * partitions. Every task reads all of it, from the offset in its own task record.
 */
export interface Control {
  /** Resolves when the messages are durable. Retries until it is closed. */
  send(messages: readonly ControlMessage[]): Promise<void>;
  /**
   * Delivers all messages from offset `from` on, in order, until `unlisten`. Existing ones may be delivered before it
   * resolves. Rejects with POSITION_LOST if messages at `from` are lost.
   */
  listen(name: string, from: number, inbox: (batch: ControlBatch) => void): Promise<void>;
  unlisten(name: string): void;
  close(): Promise<void>;
}
