import { hasMovedOn } from "../../classify/staleness.ts";
import { removal, removalByTombstone } from "../../data/deletion.ts";
import type { RowEvent, SourceEvent, Tombstone } from "../../data/event.ts";
import { decodeTold } from "../../data/last-message-codec.ts";
import type { SourceRecord } from "../../data/record.ts";
import type { StoredRow } from "../../data/stored-row.ts";
import { Decoder } from "../../decode/decoder.ts";
import { LIMITS } from "../../deliver/batch.ts";
import type { DeadLetter } from "../../dlq/dead-letters.ts";
import { decodeUntold } from "../../dlq/unsent-change.ts";
import { CdcError } from "../../lib/errors.ts";
import { noResults, type Results } from "../../task/output.ts";
import {
  type GroupResults,
  Processor,
  type ProcessorOptions,
} from "../../task/record-processor.ts";
import { RowChanges } from "../../task/row-processor.ts";
import { TaskPosition } from "../../task/task-offset.ts";

/** A dead letter as a redrive's source delivers it, numbered on from where its task stands. */
export type LetterRecord = SourceRecord & { readonly letter: DeadLetter };

/** Letters of changes: applying their record again would find nothing changed. */
const STORED_AS_SENT: ReadonlySet<string> = new Set(["UNREADABLE_TIMESTAMP", "MESSAGE_TOO_LARGE"]);

/** What a redrive has to say of a letter that it does not simply send through. */
export type Remark = (letter: DeadLetter, kind: "outdated" | "not_redriven", text: string) => void;

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
export class RedriveProcessor extends Processor {
  readonly #of: ProcessorOptions;
  readonly #redrive: RedriveOptions;
  readonly #decoder: Decoder;
  readonly #rows: RowChanges;
  /** Where a record stands that is processed in its own place. */
  readonly #own: TaskPosition;

  /** @throws CdcError REDRIVE_REFUSED where the service has work under way that a redrive would end too early */
  constructor(of: ProcessorOptions, redrive: RedriveOptions) {
    const own = new TaskPosition(of.position.record);
    super({ ...of, position: own });
    if (of.position.record.reconcile !== null) {
      throw new CdcError(
        "REDRIVE_REFUSED",
        `${of.at.topic}/${of.at.partition}: rows that a snapshot did not contain are still to be removed; start the service, let it do so (reconcileWait_ms), stop it and start this again`,
      );
    }
    this.#of = of;
    this.#redrive = redrive;
    this.#decoder = new Decoder(of.plan.format, of.registry);
    this.#rows = new RowChanges(of);
    this.#own = own;
  }

  override async process(records: readonly SourceRecord[]): Promise<GroupResults> {
    const results = noResults();
    for (const { letter } of records as readonly LetterRecord[]) {
      const { messages, refused, letters } = await this.#again(letter);
      results.messages.push(...messages);
      results.refused.push(...refused);
      results.letters.push(...letters);
    }
    this.#of.position.touch();
    return { ...results, count: records.length, truncate: null };
  }

  async #again(letter: DeadLetter): Promise<Results> {
    const { record, message, change } = letter;
    if (record.offset >= this.#of.position.record.next)
      return this.#leave(letter, "the service has not passed its record and will read it again");
    if (change !== undefined) return this.#tell(letter, change);
    if (STORED_AS_SENT.has(letter.error.code))
      return this.#leave(
        letter,
        "its row was stored as if sent, and too large to be kept beside it",
      );
    const event = await this.#read(record);
    if (message !== undefined) return this.#send(letter, message, event);
    if (!(event instanceof CdcError) && event.kind === "truncate")
      return this.#leave(letter, "a TRUNCATE is not sent through again: take a new snapshot");
    const row = rowOf(event, record);
    if (row !== null && (await this.#hasMovedOn(row, record))) {
      this.#remark(letter, "outdated", "its row has moved on, so it changes nothing any more");
      return noResults();
    }
    return this.#apply(letter);
  }

  /** The record in its own place: what it gives is what it would have given then, under the same ids. */
  async #apply({ record, by, isInitial }: DeadLetter): Promise<Results> {
    const { position, counters } = this.#of;
    counters.add("redriven");
    this.#own.stand({ ...position.record, streaming: !isInitial, lastDelete: null });
    const { messages, letters, refused } = await super.process([record]);
    // The letter of one model does not ask another one again: that has a letter of its own.
    const isOthers = ({ error, by: model }: DeadLetter) =>
      by !== undefined && error.code === "FILTER_FAILED" && model !== by;
    return { messages, letters, refused: refused.filter((one) => !isOthers(one)) };
  }

  /** The message as it stands. */
  async #send(letter: DeadLetter, text: string, event: SourceEvent | CdcError): Promise<Results> {
    const { record } = letter;
    const row = rowOf(event, record);
    if (row === null) {
      if (!this.#mayBeOld(letter, "whether its row has moved on is not known")) return noResults();
    } else if (await this.#hasMovedOn(row, record)) {
      if (!this.#mayBeOld(letter, "its row has moved on")) return noResults();
    }
    const results = noResults();
    const bytes = Buffer.byteLength(text);
    if (bytes > LIMITS.message_bytes) this.#rows.refuse(results, letter);
    else {
      this.#of.counters.add("redriven");
      this.#of.counters.sync("").messages += 1;
      results.messages.push({ text, bytes, record });
    }
    return results;
  }

  /** The change that its sync could make no message of, as its settings are now; the row was stored then. */
  async #tell(letter: DeadLetter, text: string): Promise<Results> {
    const { record, by } = letter;
    const change = decodeUntold(text);
    const sync = this.#rows.rules.flatMap(({ syncs }) => syncs).find(({ name }) => name === by);
    if (!sync) return this.#leave(letter, `there is no sync "${by}" over its topic any more`);
    const stored = await this.#stored(change.key);
    const isOld =
      stored === null || (stored.offset > record.offset && stored.position !== change.place);
    if (isOld && !this.#mayBeOld(letter, "its row has moved on")) return noResults();
    this.#of.counters.add("redriven");
    const results = noResults();
    const { key, table, time, place } = change;
    const event = removal({ key, table, time, position: null });
    const standing = { offset: record.offset, streaming: true };
    const occurrence = { event, record, standing, place };
    const last = this.#rows.tell({ ...change, sync }, occurrence, results);
    const told = stored === null ? [] : decodeTold(stored.told, stored);
    const isStillLast = told.some(
      (one) => one.sync === sync.number && one.isSetAside && one.by.place === place,
    );
    if (stored && isStillLast) this.#rows.put(key, stored, [last], occurrence);
    return results;
  }

  async #hasMovedOn(event: RowEvent, { offset }: SourceRecord): Promise<boolean> {
    if (this.#of.position.isFromBeforeTruncate(event)) return true;
    return hasMovedOn(await this.#stored(event.key), event, offset);
  }

  async #stored(key: string): Promise<StoredRow | null> {
    const { state } = this.#of;
    return state.row(key, await state.prefetch(new Set([key])));
  }

  async #read(record: SourceRecord): Promise<SourceEvent | CdcError> {
    await this.#of.registry?.prepare([record]);
    try {
      return this.#decoder.decode(record);
    } catch (error) {
      if (error instanceof CdcError) return error;
      throw error;
    }
  }

  #mayBeOld(letter: DeadLetter, why: string): boolean {
    const { outdated } = this.#redrive;
    const then = outdated ? "sent all the same" : "not sent; --outdated sends it";
    this.#remark(letter, "outdated", `${why}: ${then}`);
    return outdated;
  }

  #leave(letter: DeadLetter, why: string): Results {
    this.#remark(letter, "not_redriven", why);
    return noResults();
  }

  #remark(letter: DeadLetter, kind: "outdated" | "not_redriven", text: string): void {
    this.#of.counters.add(kind);
    this.#redrive.remark(letter, kind, text);
  }
}

function rowOf(event: SourceEvent | CdcError, record: SourceRecord): RowEvent | null {
  if (event instanceof CdcError) return null;
  if (event.kind === "tombstone") return removalByTombstone(event as Tombstone, record);
  return event.kind === "row" ? event : null;
}
