import { partitionName } from "../../src/data/record.ts";
import type { TransactionalEntry } from "../../src/kafka/changelog/transactional-log.ts";
import { CdcError } from "../../src/lib/errors.ts";
import type { FaultInjector } from "./fault-injector.ts";
import type { SharedLog } from "./shared-log.ts";

/** Producer epochs: only the producer that opened a partition last may append to it. */
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
  readonly injector: FaultInjector;
  readonly call: <T>(what: string, effect: () => T) => Promise<T>;
};

/** A process's transactions in a changelog partition: atomic, and fenced by the next producer. */
export class FencedLog {
  readonly #options: FencedLogOptions;
  #epoch: number | null = null;

  constructor(options: FencedLogOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    await this.close();
    const { log, epochs, call, injector } = this.#options;
    this.#epoch = await call("changelog", () => {
      if (injector.fails("changelog")) throw new Error("no broker responds");
      return epochs.next(log);
    });
  }

  async append(entries: readonly TransactionalEntry[]): Promise<number> {
    const { log, epochs, call, injector } = this.#options;
    return call("changelog", () => {
      if (this.#epoch === null) throw new Error("the log is not open");
      if (this.#epoch !== epochs.current(log))
        throw new CdcError("FENCED", `${partitionName(log.tp)}: another process has taken it over`);
      if (injector.fails("changelog")) {
        // It must be opened again before the next append.
        this.#epoch = null;
        throw new Error("the transaction was aborted");
      }
      const last = log.append(entries, true);
      if (!injector.fails("changelog")) return last;
      this.#epoch = null;
      throw new Error("the transaction's acknowledgement was lost");
    });
  }

  async close(): Promise<void> {
    this.#epoch = null;
  }
}
