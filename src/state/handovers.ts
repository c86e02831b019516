import type { SourcePosition } from "../data/event.ts";
import { fromHandoverForm, type Handover, type HandoverForm, toHandoverForm } from "./handover.ts";
import type { Store, StoreEntry } from "./store.ts";
import { type PendingWrites, WriteBuffer } from "./write-buffer.ts";

/** What the store keeps of a key that changed: the row that waits for its create, or that its create went without it. */
export type StoredHandover = Handover & { readonly missed?: boolean };

/** What names a change of a primary key. */
export type KeyChangeId = Pick<Handover, "from" | "to" | "sourcePosition">;

/** Those of the same old and new key: it may change so again while the first is still on its way. */
export type StoredHandovers = readonly StoredHandover[];

/** As they were read from the store; what is put or dropped has to be among them. */
export type Prefetched = ReadonlyMap<string, StoredHandovers>;

/** Hand-overs of one task by old and new key, each until its create has come or nobody waits for it any more. */
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

  /** What is kept for the changes, for a group of records at once. */
  prefetch(changes: readonly Omit<KeyChangeId, "sourcePosition">[]): Promise<Prefetched> {
    return this.#entries.prefetch(new Set(changes.map(keyOf)));
  }

  /** The one that belongs to the change, or `null`. Two changes of the same keys differ in their positions. */
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

  /** Removes of those that were given before; theirs is a create that never came. */
  async expired(before: number): Promise<readonly StoreEntry[]> {
    const removals: StoreEntry[] = [];
    for await (const [key, all] of this.#entries.entries()) {
      const kept = all.filter(({ handoverTime }) => handoverTime >= before);
      const value = kept.length > 0 ? Buffer.from(encode(kept)) : null;
      if (kept.length < all.length) removals.push({ key: this.#entries.storeKey(key), value });
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

function encode(all: StoredHandovers): string {
  return JSON.stringify(all.map(toHandoverForm));
}

function decode(text: string): StoredHandovers {
  return (JSON.parse(text) as HandoverForm<StoredHandover>[]).map(fromHandoverForm);
}
