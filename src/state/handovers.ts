import type { SourcePosition } from "../data/event.ts";
import type { HandOver } from "./handover.ts";
import type { Store, StoreEntry } from "./store.ts";
import { type Cut, Overlay } from "./write-buffer.ts";

/** What the store keeps of a key that changed: the row that waits for its create, or that its create went without it. */
export type KeptHandOver = HandOver & { readonly missed?: boolean };

/** What names a change of a primary key. */
export type KeyChange = Pick<HandOver, "from" | "to" | "position">;

/** Those of the same old and new key: it may change so again while the first is still on its way. */
export type KeptHandOvers = readonly KeptHandOver[];

/** As they were read from the store; what is put or dropped has to be among them. */
export type Prefetched = ReadonlyMap<string, KeptHandOvers>;

/** Hand-overs of one task by old and new key, each until its create has come or nobody waits for it any more. */
export class HandOvers {
  readonly #entries: Overlay<KeptHandOvers>;

  constructor(store: Store) {
    this.#entries = new Overlay(store, "h", { encode, decode: JSON.parse });
  }

  get size(): number {
    return this.#entries.size;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** What is kept for the changes, for a group of records at once. */
  prefetch(changes: readonly Omit<KeyChange, "position">[]): Promise<Prefetched> {
    return this.#entries.prefetch(new Set(changes.map(keyOf)));
  }

  /** The one that belongs to the change, or `null`. Two changes of the same keys differ in their positions. */
  find(of: KeyChange, prefetched: Prefetched): KeptHandOver | null {
    const found = this.#all(of, prefetched).find(({ position }) => isSame(position, of.position));
    return found ?? null;
  }

  keep(handOver: KeptHandOver, prefetched: Prefetched): void {
    const others = this.#all(handOver, prefetched).filter(
      ({ position }) => position !== handOver.position,
    );
    this.#entries.put(keyOf(handOver), [...others, handOver]);
  }

  drop(of: KeyChange, prefetched: Prefetched): void {
    const all = this.#all(of, prefetched);
    const others = all.filter(({ position }) => !isSame(position, of.position));
    if (others.length < all.length) this.#entries.put(keyOf(of), others.length > 0 ? others : null);
  }

  cut(): Cut {
    return this.#entries.cut();
  }

  written(): void {
    this.#entries.written();
  }

  entriesOf(cut: Cut): Iterable<StoreEntry> {
    return this.#entries.entriesOf(cut);
  }

  /** Removes of those that were given before; theirs is a create that never came. */
  async forgotten(before: number): Promise<readonly StoreEntry[]> {
    const removals: StoreEntry[] = [];
    for await (const [key, all] of this.#entries.entries()) {
      const kept = all.filter(({ at }) => at >= before);
      const value = kept.length > 0 ? Buffer.from(encode(kept)) : null;
      if (kept.length < all.length) removals.push({ key: this.#entries.storeKey(key), value });
    }
    return removals;
  }

  #all(of: Omit<KeyChange, "position">, prefetched: Prefetched): KeptHandOvers {
    return this.#entries.get(keyOf(of), prefetched) ?? [];
  }
}

function keyOf({ from, to }: Pick<HandOver, "from" | "to">): string {
  return JSON.stringify([from, to]);
}

function isSame(a: SourcePosition | null, b: SourcePosition | null): boolean {
  return a === null || b === null || a === b;
}

function encode(all: KeptHandOvers): string {
  return JSON.stringify(all);
}
