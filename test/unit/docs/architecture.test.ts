import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TASK_STATES, TaskLifecycle, type TaskState } from "../../../src/task/task-state.ts";
import { codeBlocks, matches, readPage } from "../../support/pages.ts";

const s = suite("docs: architecture");

const PAGE = "docs/internals/architecture.md";

/** Imports between top-level entries of `src`, as `from to`. */
const imports = new Set(
  globSync("src/**/*.ts").flatMap((file) =>
    matches(/ from "(\.[^"]+)"/g, readPage(file)).map(
      (target) => `${entryOf(file)} ${entryOf(join(dirname(file), target))}`,
    ),
  ),
);

function entryOf(path: string): string {
  return (path.split("/")[1] ?? "").replace(".ts", "");
}

s("the diagram of directories should have only imports that exist", () => {
  const [directories = ""] = codeBlocks(PAGE, "mermaid");
  const arrows = [...directories.matchAll(/^ *(\w+)(?:\[.*?\])? --> (\w+)/gm)];
  assert.ok(arrows.length > 15);
  for (const [, from = "", to = ""] of arrows)
    assert.ok(from === "pure" || imports.has(`${from} ${to}`), `${from} --> ${to}`);
});

s("the diagram of directories should have every directory", () => {
  const [directories = ""] = codeBlocks(PAGE, "mermaid");
  const names = new Set(globSync("src/*/*.ts").map(entryOf));
  assert.ok(names.size > 15);
  for (const name of names) assert.ok(directories.includes(`"${name}/ `), name);
});

/** The transitions of the diagram, as `from state: to states`. */
const drawn = new Map<TaskState, TaskState[]>(TASK_STATES.map((state) => [state, []]));
for (const diagram of codeBlocks(PAGE, "mermaid"))
  for (const [, from, to] of diagram.matchAll(/^ {2}(\w+) --> (\w+)/gm))
    drawn.get(from as TaskState)?.push(to as TaskState);

/** A lifecycle in the state, reached along the diagram. */
function lifecycleIn(state: TaskState): TaskLifecycle {
  const paths: TaskState[][] = [["created"]];
  for (const path of paths) {
    const last = path.at(-1) as TaskState;
    if (last === state) {
      const lifecycle = new TaskLifecycle();
      for (const next of path.slice(1)) lifecycle.transitionTo(next);
      return lifecycle;
    }
    for (const next of drawn.get(last) ?? []) if (!path.includes(next)) paths.push([...path, next]);
  }
  throw new Error(`the diagram does not lead to ${state}`);
}

function isAllowed(from: TaskState, to: TaskState): boolean {
  try {
    lifecycleIn(from).transitionTo(to);
    return true;
  } catch {
    return false;
  }
}

for (const from of TASK_STATES)
  s(`the diagram should have the transitions of ${from}`, () => {
    const allowed = TASK_STATES.filter((to) => isAllowed(from, to));
    assert.equal(drawn.get(from)?.toSorted(), allowed.toSorted());
  });

s("architecture and glossary should name every state", () => {
  for (const state of TASK_STATES) {
    assert.ok(readPage(PAGE).includes(`| \`${state}\` |`), state);
    assert.ok(readPage("docs/glossary.md").includes(`\`${state}\``), state);
  }
});

s.run();
