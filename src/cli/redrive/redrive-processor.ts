import { isOutdated } from "../../classify/staleness.ts";
import type { ControlMessage, RemovalRequest } from "../../coordination/control-message.ts";
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
import { NO_OUTPUT, type Output, OutputBuilder } from "../../task/output.ts";
import type {
  GroupOutput,
  RecordProcessor,
  RecordProcessorOptions,
} from "../../task/record-processor.ts";
import { RowProcessor } from "../../task/row-processor.ts";
import { StreamProcessor } from "../../task/stream-processor.ts";
import { TaskOffset } from "../../task/task-offset.ts";

/** A dead letter as the redrive source delivers it, numbered from the next offset of its task. */
export type DeadLetterRecord = SourceRecord & { readonly deadLetter: DeadLetter };

/** Codes of rejected changes. Their row was stored, so applying the record again changes nothing. */
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
 * Processes dead letters by the rules of their task. The task's offset does not move: each record is below it and is
 * processed with its own offset. Task and checkpoint do the same as for the service, in the same order.
 */
export class RedriveProcessor implements RecordProcessor {
  readonly #options: RecordProcessorOptions;
  readonly #redrive: RedriveOptions;
  readonly #decoder: Decoder;
  readonly #rows: RowProcessor;
  readonly #stream: StreamProcessor;
  /** The offset that `#stream` uses: that of the record it processes. */
  readonly #recordOffset: TaskOffset;

  /** @throws CdcError REDRIVE_REFUSED if the service has not finished a reconciliation, which a redrive would disturb */
  constructor(options: RecordProcessorOptions, redrive: RedriveOptions) {
    const { context, taskOffset, registry } = options;
    const { tp, topicTopology } = context;
    if (taskOffset.record.reconcile !== null) {
      throw new CdcError(
        "REDRIVE_REFUSED",
        `${tp.topic}/${tp.partition}: rows that a snapshot does not contain are not removed yet; start the service, wait until it has removed them (reconcileDelay), stop it and repeat the redrive`,
      );
    }
    this.#options = options;
    this.#redrive = redrive;
    this.#decoder = new Decoder(topicTopology.format, registry);
    this.#rows = new RowProcessor(context);
    this.#recordOffset = new TaskOffset(taskOffset.record);
    this.#stream = new StreamProcessor({ ...options, taskOffset: this.#recordOffset });
  }

  get waitsUntil(): number | null {
    return this.#stream.waitsUntil;
  }

  async process(records: readonly SourceRecord[]): Promise<GroupOutput> {
    const output = new OutputBuilder();
    for (const { deadLetter } of records as readonly DeadLetterRecord[])
      output.add(await this.#resend(deadLetter));
    this.#options.taskOffset.markDirty();
    const { messages, rejected, controlMessages } = output;
    return { messages, rejected, controlMessages, count: records.length, truncate: null };
  }

  receive(message: ControlMessage): Promise<Output> {
    return this.#stream.receive(message);
  }

  release(now: number): Promise<Output> {
    return this.#stream.release(now);
  }

  remove(key: string, row: StoredRow, request: RemovalRequest): Output {
    return this.#stream.remove(key, row, request);
  }

  backfill(key: string, row: StoredRow): Output {
    return this.#stream.backfill(key, row);
  }

  skippedSyncsBelow(offset: number): readonly string[] {
    return this.#stream.skippedSyncsBelow(offset);
  }

  async #resend(deadLetter: DeadLetter): Promise<Output> {
    const { record, message, change } = deadLetter;
    if (record.offset >= this.#options.taskOffset.record.next)
      return this.#skip(
        deadLetter,
        "the service has not processed its record yet and will read it again",
      );
    if (change !== undefined) return this.#resendChange(deadLetter, change);
    if (STORED_AS_SENT.has(deadLetter.error.code))
      return this.#skip(
        deadLetter,
        "its row is stored, and the change was too large to store with the dead letter",
      );
    const event = await this.#decode(record);
    if (message !== undefined) return this.#resendMessage(deadLetter, message, event);
    if (!(event instanceof CdcError) && event.kind === "truncate")
      return this.#skip(deadLetter, "a truncate is not repeated: take a new snapshot");
    const row = rowOf(event, record);
    if (row !== null && (await this.#isOutdated(row, record))) {
      this.#report(deadLetter, "outdated", "its row has a newer state, so it changes nothing");
      return NO_OUTPUT;
    }
    return this.#resendRecord(deadLetter);
  }

  /** Processes the record with its own offset, so that its messages have the ids of the first attempt. */
  async #resendRecord({ record, by, isInitial }: DeadLetter): Promise<Output> {
    const { taskOffset, context } = this.#options;
    context.counters.add("redriven");
    this.#recordOffset.moveTo({ ...taskOffset.record, streaming: !isInitial, lastDelete: null });
    const { messages, controlMessages, rejected } = await this.#stream.process([record]);
    // A dead letter of one model does not evaluate the others again: they have their own dead letters.
    const isOthers = ({ error, by: model }: DeadLetter) =>
      by !== undefined && error.code === "FILTER_FAILED" && model !== by;
    return { messages, controlMessages, rejected: rejected.filter((one) => !isOthers(one)) };
  }

  /** Sends the message unchanged. */
  async #resendMessage(
    deadLetter: DeadLetter,
    text: string,
    event: SourceEvent | CdcError,
  ): Promise<Output> {
    const { record } = deadLetter;
    const row = rowOf(event, record);
    if (row === null) {
      if (!this.#sendsOutdated(deadLetter, "it is not known whether its row has a newer state"))
        return NO_OUTPUT;
    } else if (await this.#isOutdated(row, record)) {
      if (!this.#sendsOutdated(deadLetter, "its row has a newer state")) return NO_OUTPUT;
    }
    const bytes = Buffer.byteLength(text);
    if (bytes > LIMITS.message_bytes) return this.#rows.reject(deadLetter);
    const { counters } = this.#options.context;
    counters.add("redriven");
    counters.sync("").messages += 1;
    return { ...NO_OUTPUT, messages: [{ text, bytes, record }] };
  }

  /** Maps the rejected change with the current settings of its sync. Its row was stored already. */
  async #resendChange(deadLetter: DeadLetter, text: string): Promise<Output> {
    const { record, by } = deadLetter;
    const unsent = decodeUnsentChange(text);
    const sync = this.#rows.rules.flatMap(({ syncs }) => syncs).find(({ name }) => name === by);
    if (!sync) return this.#skip(deadLetter, `no sync "${by}" reads its topic any more`);
    const stored = await this.#stored(unsent.key);
    const isOld =
      stored === null ||
      (stored.offset > record.offset && stored.sourcePosition !== unsent.changeId);
    if (isOld && !this.#sendsOutdated(deadLetter, "its row has a newer state")) return NO_OUTPUT;
    this.#options.context.counters.add("redriven");
    const { key, table, time, changeId, reason, previous, next, absent } = unsent;
    const event = removal({ key, table, time, sourcePosition: null });
    const recordContext = { offset: record.offset, streaming: true };
    const context = { event, record, recordContext, changeId };
    const user = next === null ? null : sync.user(next, absent);
    const rows = { previous, next, absent, user, previousUser: null };
    const result = this.#rows.map({ sync, reason, changedColumns: null, ...rows }, context);
    const last = stored === null ? [] : decodeLastMessages(stored.lastMessages, stored);
    const isStillLast = last.some(
      (one) => one.sync === sync.number && one.isDeadLettered && one.source.changeId === changeId,
    );
    if (stored && isStillLast) this.#rows.putWithIds(key, stored, [result], context);
    return this.#rows.outputOf([result]);
  }

  async #isOutdated(event: RowEvent, { offset }: SourceRecord): Promise<boolean> {
    if (this.#options.taskOffset.isFromBeforeTruncate(event)) return true;
    return isOutdated(await this.#stored(event.key), event, offset);
  }

  async #stored(key: string): Promise<StoredRow | null> {
    const { state } = this.#options.context;
    return state.row(key, await state.prefetch(new Set([key])));
  }

  async #decode(record: SourceRecord): Promise<SourceEvent | CdcError> {
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
    return NO_OUTPUT;
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
