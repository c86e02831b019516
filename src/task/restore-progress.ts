import { Progress, type ProgressOptions } from "../lib/progress.ts";
import type { Step } from "../lib/progress-text.ts";
import type { RestoreProgress } from "../state/restore.ts";

/** Shows the progress of all restores of a process as one. */
export class RestoreProgressDisplay {
  readonly #options: ProgressOptions;
  readonly #running = new Set<string>();
  /** Includes restores that have ended while others run. */
  readonly #restores = new Map<string, RestoreProgress>();
  #progress: Progress | null = null;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  /** Shows a restore from its first progress on. */
  update(partition: string, progress: RestoreProgress): void {
    this.#running.add(partition);
    this.#restores.set(partition, progress);
    if (this.#progress !== null) return;
    this.#progress = new Progress("restoring", () => this.#step, this.#options);
    this.#progress.start();
  }

  /** Hides the display when no restore is left. */
  ended(partition: string): void {
    this.#running.delete(partition);
    if (this.#running.size > 0) return;
    this.#progress?.end();
    this.#progress = null;
    this.#restores.clear();
  }

  get #step(): Step {
    const sum = (of: keyof RestoreProgress) =>
      [...this.#restores.values()].reduce((total, restore) => total + restore[of], 0);
    const counts = { "changelog offsets": sum("done"), partitions: this.#restores.size };
    return { done: sum("done"), total: sum("total"), counts };
  }
}
