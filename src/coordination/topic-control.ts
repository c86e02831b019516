import { recordName, type SourceRecord, type TopicPartition } from "../data/record.ts";
import { append } from "../journal/append.ts";
import type { Journal } from "../journal/journal.ts";
import type { Clock } from "../lib/clock.ts";
import { CdcError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { Source, SourceListener } from "../source/source.ts";
import type { Control, ControlBatch } from "./control.ts";
import {
  type ControlMessage,
  decodeControlMessage,
  encodeControlMessage,
} from "./control-message.ts";

export type TopicControlOptions = {
  /** A topic with one partition. Every process of the pipeline appends to it and reads it. */
  readonly topic: string;
  readonly journal: Journal;
  /** Reads the whole topic, outside the consumer group of the pipeline. */
  readonly source: Source;
  /** Applies to messages that a task has not read and that are deleted. */
  readonly onDataLoss: "stop" | "continue" | "rebuild";
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onFailure: (error: unknown) => void;
};

type Listener = { next: number; readonly inbox: (batch: ControlBatch) => void };

/** The control log as a Kafka topic. Each process reads it once, from the lowest offset of its tasks. */
export class TopicControl implements Control {
  readonly #options: TopicControlOptions;
  readonly #tp: TopicPartition;
  readonly #listeners = new Map<string, Listener>();
  readonly #closed = new AbortController();
  #started: Promise<void> | null = null;
  /** The next offset that the source delivers; `null` until the first task listens. */
  #next: number | null = null;

  constructor(options: TopicControlOptions) {
    this.#options = options;
    this.#tp = { topic: options.topic, partition: 0 };
  }

  send(messages: readonly ControlMessage[]): Promise<void> {
    const { journal, clock, logger } = this.#options;
    const entries = messages.map((message) => ({
      key: null,
      value: encodeControlMessage(message),
      headers: {},
    }));
    const what = "the control log";
    return append(journal, entries, { clock, logger, what, stop: this.#closed.signal });
  }

  async listen(name: string, from: number, inbox: (batch: ControlBatch) => void): Promise<void> {
    const { source, onDataLoss, topic } = this.#options;
    await this.#start();
    const { start, end } = (await source.range(this.#tp)) ?? { start: 0, end: 0 };
    const isGone = from > end || (from > 0 && from < start);
    if (isGone && onDataLoss === "stop") {
      throw new CdcError(
        "POSITION_LOST",
        `${name}: it has read ${topic} up to offset ${from}, and that topic now has offsets ${start} to ${end}: control messages ` +
          "(truncates, handovers, snapshot ends) are lost. Set state.onDataLoss: continue to go on without them",
      );
    }
    const next = isGone || from < start ? start : from;
    this.#listeners.set(name, { next, inbox });
    if (this.#next === null || next < this.#next) {
      this.#next = next;
      source.seek(this.#tp, next);
      source.resume(this.#tp);
    }
  }

  unlisten(name: string): void {
    this.#listeners.delete(name);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    if (this.#started !== null) await this.#options.source.stop();
    await this.#options.journal.close();
  }

  #start(): Promise<void> {
    this.#started ??= this.#options.source.start(this.#listener());
    return this.#started;
  }

  #listener(): SourceListener {
    return {
      assigned: () => {
        // The partition is announced again after its offset was out of range: each listener continues at its own offset.
        const offsets = [...this.#listeners.values()].map(({ next }) => next);
        if (offsets.length === 0) return;
        this.#next = Math.min(...offsets);
        this.#options.source.seek(this.#tp, this.#next);
        this.#options.source.resume(this.#tp);
      },
      records: (records) => this.#deliver(records),
      processed: async () => {},
      ended: () => {},
      failed: (error) => this.#options.onFailure(error),
    };
  }

  #deliver(records: readonly SourceRecord[]): void {
    try {
      for (const record of records) {
        const { offset, value } = record;
        const messages = value === null ? [] : [decodeControlMessage(value, recordName(record))];
        this.#next = offset + 1;
        for (const listener of this.#listeners.values()) {
          if (offset < listener.next) continue;
          listener.next = offset + 1;
          listener.inbox({ messages, next: offset + 1 });
        }
      }
    } catch (error) {
      this.#options.onFailure(error);
    }
  }
}
