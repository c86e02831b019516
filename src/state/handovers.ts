import type { SourcePosition } from "../data/event.ts";
import { fromHandoverForm, type Handover, type HandoverForm, toHandoverForm } from "./handover.ts";
import type { Store, StoreEntry } from "./store.ts";
import { type PendingWrites, WriteBuffer } from "./write-buffer.ts";

/** A handover that waits for its create. `missed`: the create did not wait any longer and was sent without the row. */
export type StoredHandover = Handover & { readonly missed?: boolean };

/** Identifies a change of a primary key. */
export type KeyChangeId = Pick<Handover, "from" | "to" | "sourcePosition">;

/** Handovers with the same old and new key: a key can change in the same way twice in a short time. */
export type StoredHandovers = readonly StoredHandover[];

/** Handovers read from the store. `put` and `remove` need those of their keys. */
export type Prefetched = ReadonlyMap<string, StoredHandovers>;

/** The handovers of one task by old and new key, each until its create has arrived or it expires. */
export class Handovers {
  readonly #entries: WriteBuffer<StoredHandovers>;

  constructor(store: Store) {
    this.#entries = new WriteBuffer(store, "h", { encode, decode });
  }

  get size(): number {
    return this.#entries.size;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** The handovers of the changes, for a group of records at once. */
  prefetch(changes: readonly Omit<KeyChangeId, "sourcePosition">[]): Promise<Prefetched> {
    return this.#entries.prefetch(new Set(changes.map(keyOf)));
  }

  /** The handover of the change, or `null`. Two changes of the same keys differ in their source positions. */
  find(of: KeyChangeId, prefetched: Prefetched): StoredHandover | null {
    const found = this.#all(of, prefetched).find(({ sourcePosition }) =>
      isSame(sourcePosition, of.sourcePosition),
    );
    return found ?? null;
  }

  put(handover: StoredHandover, prefetched: Prefetched): void {
    const others = this.#all(handover, prefetched).filter(
      ({ sourcePosition }) => sourcePosition !== handover.sourcePosition,
    );
    this.#entries.put(keyOf(handover), [...others, handover]);
  }

  remove(of: KeyChangeId, prefetched: Prefetched): void {
    const all = this.#all(of, prefetched);
    const others = all.filter(({ sourcePosition }) => !isSame(sourcePosition, of.sourcePosition));
    if (others.length < all.length) this.#entries.put(keyOf(of), others.length > 0 ? others : null);
  }

  freeze(): PendingWrites {
    return this.#entries.freeze();
  }

  written(): void {
    this.#entries.written();
  }

  entriesOf(pending: PendingWrites): Iterable<StoreEntry> {
    return this.#entries.entriesOf(pending);
  }

  /** Removals of handovers sent before a time: their creates never came. */
  async expired(before: number): Promise<readonly StoreEntry[]> {
    const removals: StoreEntry[] = [];
    for await (const [key, all] of this.#entries.entries()) {
      const remaining = all.filter(({ handoverTime }) => handoverTime >= before);
      const value = remaining.length > 0 ? Buffer.from(encode(remaining)) : null;
      if (remaining.length < all.length) removals.push({ key: this.#entries.storeKey(key), value });
    }
    return removals;
  }

  #all(of: Omit<KeyChangeId, "sourcePosition">, prefetched: Prefetched): StoredHandovers {
    return this.#entries.get(keyOf(of), prefetched) ?? [];
  }
}

function keyOf({ from, to }: Pick<Handover, "from" | "to">): string {
  return JSON.stringify([from, to]);
}

function isSame(a: SourcePosition | null, b: SourcePosition | null): boolean {
  return a === null || b === null || a === b;
}

type StoredForm = HandoverForm & Pick<StoredHandover, "missed">;

function encode(all: StoredHandovers): string {
  return JSON.stringify(
    all.map((handover): StoredForm => ({ ...toHandoverForm(handover), missed: handover.missed })),
  );
}

function decode(text: string): StoredHandovers {
  return (JSON.parse(text) as StoredForm[]).map(({ missed, ...form }) => ({
    ...fromHandoverForm(form),
    ...(missed ? { missed } : {}),
  }));
}
