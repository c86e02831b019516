import { isOutdated } from "../../classify/staleness.ts";
import { deletionByTombstone, removal } from "../../data/deletion.ts";
import type { RowEvent, SourceEvent, Tombstone } from "../../data/event.ts";
import { decodeLastMessages } from "../../data/last-message-codec.ts";
import type { SourceRecord } from "../../data/record.ts";
import type { StoredRow } from "../../data/stored-row.ts";
import { Decoder } from "../../decode/decoder.ts";
import { LIMITS } from "../../deliver/batch.ts";
import type { DeadLetter } from "../../dlq/dead-letters.ts";
import { decodeUnsentChange } from "../../dlq/unsent-change.ts";
import { CdcError } from "../../lib/errors.ts";
import { emptyOutput, type Output } from "../../task/output.ts";
import {
  type GroupOutput,
  RecordProcessor,
  type RecordProcessorOptions,
} from "../../task/record-processor.ts";
import { RowProcessor } from "../../task/row-processor.ts";
import { TaskOffset } from "../../task/task-offset.ts";

/** A dead letter as `DeadLetterSource` delivers it: its offset continues from the task's next offset. */
export type DeadLetterRecord = SourceRecord & { readonly deadLetter: DeadLetter };

/** Dead letters of changes whose row was stored: applying their record again would change nothing. */
const STORED_AS_SENT: ReadonlySet<string> = new Set(["UNREADABLE_TIMESTAMP", "MESSAGE_TOO_LARGE"]);

/** Reports a dead letter whose row has a newer state, or that is not sent. */
export type ReportSkipped = (
  deadLetter: DeadLetter,
  kind: "outdated" | "not_redriven",
  text: string,
) => void;

export type RedriveOptions = {
  /** Whether messages whose row has a newer state are sent too. */
  readonly outdated: boolean;
  readonly report: ReportSkipped;
};

/**
 * Processes dead letters again, with the state of their task. The task's offset does not move: the records are below it,
 * and each is processed at its own offset. Task and Checkpoint treat it as any record processor, so delivery, changelog
 * and store have the same order as in the service.
 */
export class RedriveProcessor extends RecordProcessor {
  readonly #options: RecordProcessorOptions;
  readonly #redrive: RedriveOptions;
  readonly #decoder: Decoder;
  readonly #rows: RowProcessor;
  /** The offset at which a single record is processed. */
  readonly #recordOffset: TaskOffset;

  /** @throws CdcError REDRIVE_REFUSED if the service has not finished a reconciliation */
  constructor(options: RecordProcessorOptions, redrive: RedriveOptions) {
    const recordOffset = new TaskOffset(options.taskOffset.record);
    super({ ...options, taskOffset: recordOffset });
    const { tp, topicTopology } = options.context;
    if (options.taskOffset.record.reconcile !== null) {
      throw new CdcError(
        "REDRIVE_REFUSED",
        `${tp.topic}/${tp.partition}: rows that a snapshot does not contain are not removed yet; start the service, wait until it has removed them (reconcileDelay), stop it and repeat the redrive`,
      );
    }
    this.#options = options;
    this.#redrive = redrive;
    this.#decoder = new Decoder(topicTopology.format, options.registry);
    this.#rows = new RowProcessor(options.context);
    this.#recordOffset = recordOffset;
  }

  override async process(records: readonly SourceRecord[]): Promise<GroupOutput> {
    const output = emptyOutput();
    for (const { deadLetter } of records as readonly DeadLetterRecord[]) {
      const { messages, rejected, controlMessages } = await this.#redriveOne(deadLetter);
      output.messages.push(...messages);
      output.rejected.push(...rejected);
      output.controlMessages.push(...controlMessages);
    }
    this.#options.taskOffset.markDirty();
    return { ...output, count: records.length, truncate: null };
  }

  async #redriveOne(deadLetter: DeadLetter): Promise<Output> {
    const { record, message, change } = deadLetter;
    if (record.offset >= this.#options.taskOffset.record.next)
      return this.#skip(
        deadLetter,
        "the service has not processed its record yet and will read it again",
      );
    if (change !== undefined) return this.#sendChange(deadLetter, change);
    if (STORED_AS_SENT.has(deadLetter.error.code))
      return this.#skip(
        deadLetter,
        "its row is stored, and the change was too large to store with the dead letter",
      );
    const event = await this.#read(record);
    if (message !== undefined) return this.#send(deadLetter, message, event);
    if (!(event instanceof CdcError) && event.kind === "truncate")
      return this.#skip(deadLetter, "a truncate is not repeated: take a new snapshot");
    const row = rowOf(event, record);
    if (row !== null && (await this.#isOutdated(row, record))) {
      this.#report(deadLetter, "outdated", "its row has a newer state, so it changes nothing");
      return emptyOutput();
    }
    return this.#apply(deadLetter);
  }

  /** Processes the record at its own offset: its messages have the ids that they would have had then. */
  async #apply({ record, by, isInitial }: DeadLetter): Promise<Output> {
    const { taskOffset, context } = this.#options;
    context.counters.add("redriven");
    this.#recordOffset.moveTo({ ...taskOffset.record, streaming: !isInitial, lastDelete: null });
    const { messages, controlMessages, rejected } = await super.process([record]);
    // A dead letter belongs to one model; other models have dead letters of their own.
    const isOthers = ({ error, by: model }: DeadLetter) =>
      by !== undefined && error.code === "FILTER_FAILED" && model !== by;
    return { messages, controlMessages, rejected: rejected.filter((one) => !isOthers(one)) };
  }

  /** Sends the message unchanged. */
  async #send(
    deadLetter: DeadLetter,
    text: string,
    event: SourceEvent | CdcError,
  ): Promise<Output> {
    const { record } = deadLetter;
    const row = rowOf(event, record);
    if (row === null) {
      if (!this.#sendsOutdated(deadLetter, "it is not known whether its row has a newer state"))
        return emptyOutput();
    } else if (await this.#isOutdated(row, record)) {
      if (!this.#sendsOutdated(deadLetter, "its row has a newer state")) return emptyOutput();
    }
    const output = emptyOutput();
    const bytes = Buffer.byteLength(text);
    if (bytes > LIMITS.message_bytes) this.#rows.reject(output, deadLetter);
    else {
      this.#options.context.counters.add("redriven");
      this.#options.context.counters.sync("").messages += 1;
      output.messages.push({ text, bytes, record });
    }
    return output;
  }

  /** Maps the change with the present settings of its sync. The row was stored when the message could not be made. */
  async #sendChange(deadLetter: DeadLetter, text: string): Promise<Output> {
    const { record, by } = deadLetter;
    const change = decodeUnsentChange(text);
    const sync = this.#rows.rules.flatMap(({ syncs }) => syncs).find(({ name }) => name === by);
    if (!sync) return this.#skip(deadLetter, `no sync "${by}" reads its topic any more`);
    const stored = await this.#stored(change.key);
    const isOld =
      stored === null ||
      (stored.offset > record.offset && stored.sourcePosition !== change.changeId);
    if (isOld && !this.#sendsOutdated(deadLetter, "its row has a newer state"))
      return emptyOutput();
    this.#options.context.counters.add("redriven");
    const output = emptyOutput();
    const { key, table, time, changeId } = change;
    const event = removal({ key, table, time, sourcePosition: null });
    const recordContext = { offset: record.offset, streaming: true };
    const context = { event, record, recordContext, changeId };
    const last = this.#rows.mapChange({ ...change, sync }, context, output);
    const lastMessages = stored === null ? [] : decodeLastMessages(stored.lastMessages, stored);
    const isStillLast = lastMessages.some(
      (one) => one.sync === sync.number && one.isDeadLettered && one.source.changeId === changeId,
    );
    if (stored && isStillLast) this.#rows.put(key, stored, [last], context);
    return output;
  }

  async #isOutdated(event: RowEvent, { offset }: SourceRecord): Promise<boolean> {
    if (this.#options.taskOffset.isFromBeforeTruncate(event)) return true;
    return isOutdated(await this.#stored(event.key), event, offset);
  }

  async #stored(key: string): Promise<StoredRow | null> {
    const { state } = this.#options.context;
    return state.row(key, await state.prefetch(new Set([key])));
  }

  async #read(record: SourceRecord): Promise<SourceEvent | CdcError> {
    await this.#options.registry?.prepare([record]);
    return this.#decoder.read(record).event;
  }

  #sendsOutdated(deadLetter: DeadLetter, why: string): boolean {
    const { outdated } = this.#redrive;
    const then = outdated ? "sent because of --outdated" : "not sent; --outdated sends it";
    this.#report(deadLetter, "outdated", `${why}: ${then}`);
    return outdated;
  }

  #skip(deadLetter: DeadLetter, why: string): Output {
    this.#report(deadLetter, "not_redriven", why);
    return emptyOutput();
  }

  #report(deadLetter: DeadLetter, kind: "outdated" | "not_redriven", text: string): void {
    this.#options.context.counters.add(kind);
    this.#redrive.report(deadLetter, kind, text);
  }
}

function rowOf(event: SourceEvent | CdcError, record: SourceRecord): RowEvent | null {
  if (event instanceof CdcError) return null;
  if (event.kind === "tombstone") return deletionByTombstone(event as Tombstone, record);
  return event.kind === "row" ? event : null;
}
