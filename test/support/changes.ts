/** A made feed of Debezium changes in the recorded form, for tests that need more than was recorded. */
export type ChangesOptions = {
  readonly topic: string;
  readonly records: number;
  readonly keys: number;
  readonly partitions: number;
  readonly seed: number;
};

/** Numerical Recipes' linear congruential generator, so that a seed repeats a run. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Lines as `kcat -C -J` writes them: inserts, updates (a third of them no-ops for plan and email), deletes, tombstones. */
export function* recordedChanges({
  topic,
  records,
  keys,
  partitions,
  seed,
}: ChangesOptions): Generator<string> {
  const random = generator(seed);
  const offsets = Array.from({ length: partitions }, () => 0);
  const rows = new Map<number, { id: number; email: string; plan: string; logins: number }>();
  let lsn = 24_000_000;
  const line = (id: number, value: object | null) => {
    const partition = id % partitions;
    const offset = offsets[partition] ?? 0;
    offsets[partition] = offset + 1;
    const payload = value === null ? null : JSON.stringify(value);
    return JSON.stringify({
      topic,
      partition,
      offset,
      ts: 1_795_481_597_000,
      headers: [],
      key: JSON.stringify({ id }),
      payload,
    });
  };
  for (let written = 0; written < records; written += 1) {
    const id = 1 + Math.floor(random() * keys);
    const row = rows.get(id);
    lsn += 56;
    const source = {
      version: "3.5.0.Final",
      connector: "postgresql",
      name: "app",
      ts_ms: 1_795_481_597_000 + written,
      snapshot: "false",
      db: "app",
      schema: "public",
      table: "users",
      lsn,
    };
    if (row && random() < 0.05) {
      rows.delete(id);
      yield line(id, { before: { id }, after: null, source, op: "d", ts_ms: source.ts_ms });
      yield line(id, null);
      continue;
    }
    const noOp = random() < 0.33;
    const next = {
      id,
      email: row?.email ?? `user${id}@example.com`,
      plan:
        row && noOp
          ? row.plan
          : (["free", "pro", "team", "trial"][Math.floor(random() * 4)] ?? "free"),
      logins: (row?.logins ?? 0) + 1,
    };
    rows.set(id, next);
    yield line(id, { before: null, after: next, source, op: row ? "u" : "c", ts_ms: source.ts_ms });
  }
}
