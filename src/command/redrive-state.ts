import { existsSync } from "node:fs";
import { systemClock } from "../clock.ts";
import type { Settings } from "../config/settings.ts";
import { CdcError } from "../errors.ts";
import { DryStore } from "../state/dry-store.ts";
import { RocksDbStore } from "../state/rocksdb-store.ts";
import type { Store } from "../state/store.ts";
import { TaskState } from "../state/task-state.ts";

/**
 * Opens the store of a partition that has a state. A redrive never begins one: the service would take it for its own
 * and go on from there.
 * @throws CdcError REDRIVE_REFUSED where there is none
 */
export async function openState(
  folder: string,
  { state }: Settings,
  isDry: boolean,
): Promise<Store> {
  if (!existsSync(folder)) throw noState(folder);
  const opened = await RocksDbStore.open(folder);
  const store = isDry ? new DryStore(opened) : opened;
  const known = await new TaskState(store, systemClock, state.forgetDeletedAfter).load();
  if (known !== null) return store;
  await store.close();
  throw noState(folder);
}

function noState(folder: string): CdcError {
  return new CdcError(
    "REDRIVE_REFUSED",
    `there is no state in ${folder}, and without it nobody knows what became of the row since: redrive on the machine that has it. Nothing more was sent, and this redrive is not counted as done`,
  );
}
