import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TASK_STATES, TaskLifecycle, type TaskState } from "../../../src/task/task-state.ts";

const s = suite("task: states");

const PATHS: readonly (readonly TaskState[])[] = [
  ["created", "restoring", "backfilling", "paused", "running", "paused", "stopping", "closed"],
  ["created", "running", "stopping", "failed"],
];

function lifecycleIn(states: readonly TaskState[]): TaskLifecycle {
  const lifecycle = new TaskLifecycle();
  for (const state of states.slice(1)) lifecycle.transitionTo(state);
  return lifecycle;
}

for (const path of PATHS) {
  s(`should allow ${path.join(" → ")}`, () => {
    const lifecycle = lifecycleIn(path);
    assert.is(lifecycle.state, path.at(-1));
    assert.ok(lifecycle.isEnded);
  });
}

s("should be active while records are processed", () => {
  const active = PATHS[0]?.map((_, i) => lifecycleIn(PATHS[0]?.slice(0, i + 1) ?? []).isActive);
  assert.equal(active, [false, false, true, true, true, true, false, false]);
});

const ILLEGAL: readonly (readonly [path: readonly TaskState[], next: TaskState])[] = [
  [["created"], "paused"],
  [["created"], "closed"],
  [["created", "running"], "restoring"],
  [["created", "running"], "closed"],
  [["created", "running"], "running"],
  [["created", "running", "stopping"], "running"],
  [["created", "running", "stopping", "closed"], "running"],
  [["created", "failed"], "closed"],
];

for (const [path, next] of ILLEGAL) {
  const last = path.at(-1);
  s(`should reject ${last} → ${next}`, () => {
    const lifecycle = lifecycleIn(path);
    assert.throws(() => lifecycle.transitionTo(next), `a task cannot go from ${last} to ${next}`);
    assert.is(lifecycle.state, last);
  });
}

s("should be drawn and described above the list", () => {
  const file = new URL("../../../src/task/task-state.ts", import.meta.url);
  const [drawing = ""] = readFileSync(file, "utf8").split("*/");
  for (const state of TASK_STATES) {
    assert.match(drawing, new RegExp(`│ ${state} │`), state);
    assert.match(drawing, new RegExp(`- \`${state}\``), state);
  }
});

s.run();
