import { partitionName } from "../../src/data/record.ts";
import type { TransactionalEntry } from "../../src/kafka/changelog/transactional-log.ts";
import { CdcError } from "../../src/lib/errors.ts";
import type { SharedLog } from "./shared-log.ts";
import type { Weather } from "./weather.ts";

/** Who may append to a partition: the one who opened it last. */
export class Epochs {
  readonly #epochs = new Map<SharedLog, number>();

  next(log: SharedLog): number {
    const epoch = this.current(log) + 1;
    this.#epochs.set(log, epoch);
    return epoch;
  }

  current(log: SharedLog): number {
    return this.#epochs.get(log) ?? 0;
  }
}

export type FencedLogOptions = {
  readonly log: SharedLog;
  readonly epochs: Epochs;
  readonly weather: Weather;
  readonly call: <T>(what: string, effect: () => T) => Promise<T>;
};

/** One process' transactions in a changelog partition, as Kafka has them: whole or not at all, fenced by the next. */
export class FencedLog {
  readonly #options: FencedLogOptions;
  #epoch: number | null = null;

  constructor(options: FencedLogOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    await this.close();
    const { log, epochs, call, weather } = this.#options;
    this.#epoch = await call("changelog", () => {
      if (weather.fails("changelog")) throw new Error("no broker answers");
      return epochs.next(log);
    });
  }

  async append(entries: readonly TransactionalEntry[]): Promise<number> {
    const { log, epochs, call, weather } = this.#options;
    return call("changelog", () => {
      if (this.#epoch === null) throw new Error("the log is not open");
      if (this.#epoch !== epochs.current(log))
        throw new CdcError("FENCED", `${partitionName(log.tp)}: another process has taken it over`);
      if (weather.fails("changelog")) {
        // It has to be opened again before the next.
        this.#epoch = null;
        throw new Error("the transaction was given up");
      }
      const last = log.append(entries, true);
      if (!weather.fails("changelog")) return last;
      this.#epoch = null;
      throw new Error("the transaction's acknowledgement was lost");
    });
  }

  async close(): Promise<void> {
    this.#epoch = null;
  }
}
