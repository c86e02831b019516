import type { ControlMessage } from "./control-message.ts";

/** Letters in the order of their log, with the offset that follows the last of them. */
export type ControlBatch = { readonly messages: readonly ControlMessage[]; readonly next: number };

/**
 * The control log: how the tasks of one pipeline, in whichever process, tell each other what concerns more than one
 * partition. Every task reads all of it, from the place that its own state remembers.
 */
export interface Control {
  /** Resolves when the letters are durable. Tries until it is closed. */
  send(messages: readonly ControlMessage[]): Promise<void>;
  /**
   * Delivers everything from `from` on, in order, until `unlisten`; what is there already may come before it resolves.
   * Rejects with POSITION_LOST where letters at `from` are gone.
   */
  listen(name: string, from: number, inbox: (batch: ControlBatch) => void): Promise<void>;
  unlisten(name: string): void;
  close(): Promise<void>;
}
