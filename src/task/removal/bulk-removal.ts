import { isRemovedBy } from "../../classify/staleness.ts";
import type { ControlMessage, RemovalRequest } from "../../coordination/control-message.ts";
import type { Truncate } from "../../data/event.ts";
import { recordName, type SourceRecord } from "../../data/record.ts";
import type { StoredRow } from "../../data/stored-row.ts";
import type { SourcePartition } from "../../source/source-partition.ts";
import type { Output } from "../output.ts";
import type { RecordProcessor } from "../record-processor.ts";
import type { TaskContext } from "../task-context.ts";
import type { TaskOffset } from "../task-offset.ts";
import { Reconciliation } from "./reconciliation.ts";
import { isMissing } from "./snapshots.ts";
import { Truncation } from "./truncation.ts";

export type BulkRemovalOptions = {
  readonly context: TaskContext;
  readonly partition: SourcePartition;
  readonly processor: RecordProcessor;
  readonly taskOffset: TaskOffset;
  readonly send: (message: ControlMessage) => void;
  /** Takes results over, and waits until there is room for more. */
  readonly take: (output: Output) => Promise<void>;
  /** Resolves when no record waits for another task any more. */
  readonly release: () => Promise<void>;
  /** Makes durable what was processed. */
  readonly checkpoint: () => Promise<void>;
};

/** Many rows of a task removed at once: all that a TRUNCATE, or the end of a full snapshot, shows to be gone. */
export class BulkRemoval {
  readonly #options: BulkRemovalOptions;
  readonly #truncation: Truncation;
  readonly #reconciliation: Reconciliation;

  constructor(options: BulkRemovalOptions) {
    const { context, partition, taskOffset, send } = options;
    const { topicTopology, clock } = context;
    this.#options = options;
    this.#truncation = new Truncation(context, partition, send);
    const { reconcile } = taskOffset.record;
    this.#reconciliation = new Reconciliation(clock, topicTopology.reconcileDelay_ms, reconcile);
  }

  /** A truncate was met, and other tasks are not done with it: nothing may be processed. */
  get isWaiting(): boolean {
    return this.#truncation.isWaiting;
  }

  /** A snapshot has ended, and its last reads may still be on their way. */
  get isPending(): boolean {
    return this.#reconciliation.isPending;
  }

  /** What the task's state keeps. */
  get text(): string | null {
    return this.#reconciliation.text;
  }

  /** A truncate stands next. @returns whether the task is past it; else it comes back once the other tasks are done */
  async process(truncate: Truncate, record: SourceRecord): Promise<boolean> {
    const { context, processor, taskOffset } = this.#options;
    const skippedSyncs = processor.skippedSyncsBelow(record.offset);
    const removal = await this.#truncation.process(truncate, record, skippedSyncs);
    if (removal === null) return false;
    if (removal !== "ignored") await this.#truncate(removal);
    taskOffset.skip(record);
    context.counters.add("truncates");
    return true;
  }

  /** Another task tells of a truncate, or of a snapshot's end. */
  async receive(message: ControlMessage): Promise<void> {
    const { context, send } = this.#options;
    const { tp } = context;
    if (message.kind === "truncated") this.#truncation.done(message);
    if (message.kind === "snapshot-end") this.#reconciliation.start(message);
    if (message.kind !== "truncate" || message.partition === tp.partition) return;
    await this.#truncate(message.removal);
    send({ kind: "truncated", ...tp, name: recordName(message.removal.record) });
  }

  /** Removes what a complete snapshot did not contain, once all of its reads have come. @returns whether it did */
  async reconcile(now: number): Promise<boolean> {
    const { context, partition, taskOffset } = this.#options;
    const { tp, counters, logger } = context;
    const { next, snapshot, control } = taskOffset.record;
    const endOfLog = async () => (await partition.end()) ?? next;
    const message = await this.#reconciliation.ready(now, next, endOfLog);
    if (message === null) return false;
    const rows = await this.#remove(message.removal, (row) => {
      const missing = isMissing(row, snapshot, message);
      if (missing) counters.add("reconciled");
      return missing;
    });
    const record = recordName(message.removal.record);
    logger.info(
      { ...tp, record, rows },
      "removed the rows that a complete snapshot no longer contained",
    );
    this.#reconciliation.done();
    taskOffset.passControl(control, null);
    return true;
  }

  /** Removes, and makes durable, every row that is from before the truncate. */
  async #truncate(removal: RemovalRequest): Promise<void> {
    const { context, taskOffset, checkpoint } = this.#options;
    const { tp, logger } = context;
    const rows = await this.#remove(removal, (row) => isRemovedBy(removal, row));
    taskOffset.remember(removal);
    await checkpoint();
    const record = recordName(removal.record);
    logger.info({ ...tp, record, rows }, "removed the rows of a TRUNCATE");
  }

  /**
   * While a record waits for another task no checkpoint can be made, and removals are made durable in parts.
   * @returns how many rows were removed
   */
  async #remove(removal: RemovalRequest, isGone: (row: StoredRow) => boolean): Promise<number> {
    const { context, processor, taskOffset, take, release, checkpoint } = this.#options;
    await release();
    // A former owner that does not know it yet would tell of rows as it last saw them: the changelog refuses it first.
    taskOffset.passControl(taskOffset.record.control, this.text);
    await checkpoint();
    let removed = 0;
    for await (const [key, row] of context.state.rows()) {
      if (!isGone(row)) continue;
      await take(processor.remove(key, row, removal));
      removed += 1;
    }
    await checkpoint();
    return removed;
  }
}
