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

/** A dead letter as a redrive's source delivers it, numbered on from where its task stands. */
export type DeadLetterRecord = SourceRecord & { readonly deadLetter: DeadLetter };

/** Letters of changes: applying their record again would find nothing changed. */
const STORED_AS_SENT: ReadonlySet<string> = new Set(["UNREADABLE_TIMESTAMP", "MESSAGE_TOO_LARGE"]);

/** What a redrive has to say of a letter that it does not simply send through. */
export type Remark = (
  deadLetter: DeadLetter,
  kind: "outdated" | "not_redriven",
  text: string,
) => void;

export type RedriveOptions = {
  /** Messages whose row has moved on are sent all the same. */
  readonly outdated: boolean;
  readonly remark: Remark;
};

/**
 * Sends dead letters through again, by the rules of the task that set them aside. The position stays where it is: the
 * records lie below it, and each is judged by its own place. It is a Processor so that Task and Checkpoint do for a
 * redrive what they do for the service, in the same order.
 */
export class RedriveProcessor extends RecordProcessor {
  readonly #of: RecordProcessorOptions;
  readonly #redrive: RedriveOptions;
  readonly #decoder: Decoder;
  readonly #rows: RowProcessor;
  /** Where a record stands that is processed in its own place. */
  readonly #own: TaskOffset;

  /** @throws CdcError REDRIVE_REFUSED where the service has work under way that a redrive would end too early */
  constructor(of: RecordProcessorOptions, redrive: RedriveOptions) {
    const own = new TaskOffset(of.taskOffset.record);
    super({ ...of, taskOffset: own });
    const { tp, topicTopology } = of.context;
    if (of.taskOffset.record.reconcile !== null) {
      throw new CdcError(
        "REDRIVE_REFUSED",
        `${tp.topic}/${tp.partition}: rows that a snapshot did not contain are still to be removed; start the service, let it do so (reconcileDelay), stop it and start this again`,
      );
    }
    this.#of = of;
    this.#redrive = redrive;
    this.#decoder = new Decoder(topicTopology.format, of.registry);
    this.#rows = new RowProcessor(of.context);
    this.#own = own;
  }

  override async process(records: readonly SourceRecord[]): Promise<GroupOutput> {
    const output = emptyOutput();
    for (const { deadLetter } of records as readonly DeadLetterRecord[]) {
      const { messages, rejected, controlMessages } = await this.#again(deadLetter);
      output.messages.push(...messages);
      output.rejected.push(...rejected);
      output.controlMessages.push(...controlMessages);
    }
    this.#of.taskOffset.markDirty();
    return { ...output, count: records.length, truncate: null };
  }

  async #again(deadLetter: DeadLetter): Promise<Output> {
    const { record, message, change } = deadLetter;
    if (record.offset >= this.#of.taskOffset.record.next)
      return this.#leave(
        deadLetter,
        "the service has not passed its record and will read it again",
      );
    if (change !== undefined) return this.#tell(deadLetter, change);
    if (STORED_AS_SENT.has(deadLetter.error.code))
      return this.#leave(
        deadLetter,
        "its row was stored as if sent, and too large to be kept beside it",
      );
    const event = await this.#read(record);
    if (message !== undefined) return this.#send(deadLetter, message, event);
    if (!(event instanceof CdcError) && event.kind === "truncate")
      return this.#leave(deadLetter, "a TRUNCATE is not sent through again: take a new snapshot");
    const row = rowOf(event, record);
    if (row !== null && (await this.#isOutdated(row, record))) {
      this.#remark(deadLetter, "outdated", "its row has moved on, so it changes nothing any more");
      return emptyOutput();
    }
    return this.#apply(deadLetter);
  }

  /** The record in its own place: what it gives is what it would have given then, under the same ids. */
  async #apply({ record, by, isInitial }: DeadLetter): Promise<Output> {
    const { taskOffset, context } = this.#of;
    context.counters.add("redriven");
    this.#own.moveTo({ ...taskOffset.record, streaming: !isInitial, lastDelete: null });
    const { messages, controlMessages, rejected } = await super.process([record]);
    // The letter of one model does not ask another one again: that has a letter of its own.
    const isOthers = ({ error, by: model }: DeadLetter) =>
      by !== undefined && error.code === "FILTER_FAILED" && model !== by;
    return { messages, controlMessages, rejected: rejected.filter((one) => !isOthers(one)) };
  }

  /** The message as it stands. */
  async #send(
    deadLetter: DeadLetter,
    text: string,
    event: SourceEvent | CdcError,
  ): Promise<Output> {
    const { record } = deadLetter;
    const row = rowOf(event, record);
    if (row === null) {
      if (!this.#mayBeOld(deadLetter, "whether its row has moved on is not known"))
        return emptyOutput();
    } else if (await this.#isOutdated(row, record)) {
      if (!this.#mayBeOld(deadLetter, "its row has moved on")) return emptyOutput();
    }
    const output = emptyOutput();
    const bytes = Buffer.byteLength(text);
    if (bytes > LIMITS.message_bytes) this.#rows.reject(output, deadLetter);
    else {
      this.#of.context.counters.add("redriven");
      this.#of.context.counters.sync("").messages += 1;
      output.messages.push({ text, bytes, record });
    }
    return output;
  }

  /** The change that its sync could make no message of, as its settings are now; the row was stored then. */
  async #tell(deadLetter: DeadLetter, text: string): Promise<Output> {
    const { record, by } = deadLetter;
    const change = decodeUnsentChange(text);
    const sync = this.#rows.rules.flatMap(({ syncs }) => syncs).find(({ name }) => name === by);
    if (!sync) return this.#leave(deadLetter, `there is no sync "${by}" over its topic any more`);
    const stored = await this.#stored(change.key);
    const isOld =
      stored === null ||
      (stored.offset > record.offset && stored.sourcePosition !== change.changeId);
    if (isOld && !this.#mayBeOld(deadLetter, "its row has moved on")) return emptyOutput();
    this.#of.context.counters.add("redriven");
    const output = emptyOutput();
    const { key, table, time, changeId } = change;
    const event = removal({ key, table, time, sourcePosition: null });
    const recordContext = { offset: record.offset, streaming: true };
    const context = { event, record, recordContext, changeId };
    const last = this.#rows.mapChange({ ...change, sync }, context, output);
    const told = stored === null ? [] : decodeLastMessages(stored.lastMessages, stored);
    const isStillLast = told.some(
      (one) => one.sync === sync.number && one.isDeadLettered && one.source.changeId === changeId,
    );
    if (stored && isStillLast) this.#rows.put(key, stored, [last], context);
    return output;
  }

  async #isOutdated(event: RowEvent, { offset }: SourceRecord): Promise<boolean> {
    if (this.#of.taskOffset.isFromBeforeTruncate(event)) return true;
    return isOutdated(await this.#stored(event.key), event, offset);
  }

  async #stored(key: string): Promise<StoredRow | null> {
    const { state } = this.#of.context;
    return state.row(key, await state.prefetch(new Set([key])));
  }

  async #read(record: SourceRecord): Promise<SourceEvent | CdcError> {
    await this.#of.registry?.prepare([record]);
    return this.#decoder.read(record).event;
  }

  #mayBeOld(deadLetter: DeadLetter, why: string): boolean {
    const { outdated } = this.#redrive;
    const then = outdated ? "sent all the same" : "not sent; --outdated sends it";
    this.#remark(deadLetter, "outdated", `${why}: ${then}`);
    return outdated;
  }

  #leave(deadLetter: DeadLetter, why: string): Output {
    this.#remark(deadLetter, "not_redriven", why);
    return emptyOutput();
  }

  #remark(deadLetter: DeadLetter, kind: "outdated" | "not_redriven", text: string): void {
    this.#of.context.counters.add(kind);
    this.#redrive.remark(deadLetter, kind, text);
  }
}

function rowOf(event: SourceEvent | CdcError, record: SourceRecord): RowEvent | null {
  if (event instanceof CdcError) return null;
  if (event.kind === "tombstone") return deletionByTombstone(event as Tombstone, record);
  return event.kind === "row" ? event : null;
}
