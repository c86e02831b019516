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
  /** Appends a message to the control log. */
  readonly send: (message: ControlMessage) => void;
  /** Passes output on and waits until there is room for more. */
  readonly emit: (output: Output) => Promise<void>;
  /** Resolves when no record waits for another task. */
  readonly releaseWaiting: () => Promise<void>;
  /** Makes everything processed so far durable. */
  readonly checkpoint: () => Promise<void>;
};

/** Removes many rows of a task at once: those that a truncate, or the end of a complete snapshot, shows to be gone. */
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

  /** The next record is a truncate, and other partitions are not done with it: no record may be processed. */
  get isWaiting(): boolean {
    return this.#truncation.isWaiting;
  }

  /** A snapshot has ended, and some of its reads may not have arrived. */
  get isPending(): boolean {
    return this.#reconciliation.isPending;
  }

  /** The snapshot end that still waits, as the task record stores it. */
  get pendingSnapshotEnd(): string | null {
    return this.#reconciliation.pendingText;
  }

  /** The next record is a truncate. @returns whether this task is done with it; if not, call again later */
  async process(truncate: Truncate, record: SourceRecord): Promise<boolean> {
    const { context, processor, taskOffset } = this.#options;
    const skippedSyncs = processor.skippedSyncsBelow(record.offset);
    const decision = await this.#truncation.process(truncate, record, skippedSyncs);
    if (decision === "wait") return false;
    if (decision !== "ignore") await this.#truncate(decision);
    taskOffset.skip(record);
    context.counters.add("truncates");
    return true;
  }

  /** Handles a truncate or a snapshot's end from another task. */
  async receive(message: ControlMessage): Promise<void> {
    const { context, send } = this.#options;
    const { tp } = context;
    if (message.kind === "truncated") this.#truncation.partitionDone(message);
    if (message.kind === "snapshot-end") this.#reconciliation.start(message);
    if (message.kind !== "truncate" || message.partition === tp.partition) return;
    await this.#truncate(message.removal);
    send({ kind: "truncated", ...tp, name: recordName(message.removal.record) });
  }

  /** Removes rows that a complete snapshot did not contain, once all its reads have arrived. @returns whether it did */
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
    logger.info({ ...tp, record, rows }, "rows missing from a complete snapshot removed");
    this.#reconciliation.complete();
    taskOffset.advanceControl(control, null);
    return true;
  }

  /** Removes every row from before the truncate and makes that durable. */
  async #truncate(removal: RemovalRequest): Promise<void> {
    const { context, taskOffset, checkpoint } = this.#options;
    const { tp, logger } = context;
    const rows = await this.#remove(removal, (row) => isRemovedBy(removal, row));
    taskOffset.rememberTruncate(removal);
    await checkpoint();
    const record = recordName(removal.record);
    logger.info({ ...tp, record, rows }, "truncate applied");
  }

  /**
   * A checkpoint is not possible while a record waits for another task, and removals need several checkpoints: waiting
   * records are released first.
   * @returns how many rows were removed
   */
  async #remove(removal: RemovalRequest, isGone: (row: StoredRow) => boolean): Promise<number> {
    const { context, processor, taskOffset, emit, releaseWaiting, checkpoint } = this.#options;
    await releaseWaiting();
    // Before any removal is sent: a fenced former owner, whose rows are outdated, is rejected by the changelog here.
    taskOffset.advanceControl(taskOffset.record.control, this.pendingSnapshotEnd);
    await checkpoint();
    let removed = 0;
    for await (const [key, row] of context.state.rows()) {
      if (!isGone(row)) continue;
      await emit(processor.remove(key, row, removal));
      removed += 1;
    }
    await checkpoint();
    return removed;
  }
}
