import type { SourcePosition } from "../event.ts";
import type { HandOver } from "../hand-over.ts";
import { type Cut, entriesOf, Overlay } from "./overlay.ts";
import type { Store, StoreEntry } from "./store.ts";

/** What the store keeps of a key that changed: the row that waits for its create, or that its create went without it. */
export type KeptHandOver = HandOver & { readonly missed?: boolean };

/** What names a change of a primary key. */
export type KeyChange = Pick<HandOver, "from" | "to" | "position">;

/** Hand-overs of one task by old and new key, each until its create has come or nobody waits for it any more. */
export class HandOvers {
  readonly #entries: Overlay<KeptHandOver>;

  constructor(store: Store) {
    this.#entries = new Overlay(store, "h", decode);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What is kept for the changes, for a group of records at once. */
  prefetch(changes: readonly KeyChange[]): Promise<ReadonlyMap<string, KeptHandOver>> {
    return this.#entries.prefetch(new Set(changes.map(keyOf)));
  }

  /** The one that belongs to the change, or `null`. Two changes of the same keys differ in their positions. */
  find(of: KeyChange, prefetched: ReadonlyMap<string, KeptHandOver>): KeptHandOver | null {
    const found = this.#entries.get(keyOf(of), prefetched);
    return found !== null && isSame(found.position, of.position) ? found : null;
  }

  keep(handOver: KeptHandOver): void {
    this.#entries.put(keyOf(handOver), handOver);
  }

  drop(of: Pick<HandOver, "from" | "to">): void {
    this.#entries.put(keyOf(of), null);
  }

  cut(): Cut<KeptHandOver> {
    return this.#entries.cut();
  }

  written(): void {
    this.#entries.written();
  }

  *entriesOf(cut: Cut<KeptHandOver>): Iterable<StoreEntry> {
    yield* entriesOf(this.#entries, cut, encode);
  }

  /** Removes of those that were given before; theirs is a create that never came. */
  async forgotten(before: number): Promise<readonly StoreEntry[]> {
    const removals: StoreEntry[] = [];
    for await (const [key, { at }] of this.#entries.entries()) {
      if (at < before) removals.push({ key: this.#entries.storeKey(key), value: null });
    }
    return removals;
  }
}

function keyOf({ from, to }: Pick<HandOver, "from" | "to">): string {
  return JSON.stringify([from, to]);
}

function isSame(a: SourcePosition | null, b: SourcePosition | null): boolean {
  return a === null || b === null || a === b;
}

function encode(handOver: KeptHandOver): Buffer {
  return Buffer.from(JSON.stringify(handOver));
}

function decode(bytes: Buffer): KeptHandOver {
  return JSON.parse(bytes.toString("utf8")) as KeptHandOver;
}
