import type { ChangeContext } from "../classify/change-context.ts";
import { hasChanged } from "../classify/changed-columns.ts";
import { whyInitial } from "../classify/initial-result.ts";
import type { Change, Outcome } from "../classify/outcome.ts";
import type { ModelRule, SyncRule } from "../classify/rules.ts";
import { column, type Row } from "../data/row.ts";
import type { StoredRow } from "../data/stored-row.ts";
import { segmentValue } from "../map/segment-value.ts";
import type { ModelTopology, SyncTopology } from "../topology/model-topology.ts";
import { messagesOf } from "./explained-messages.ts";
import type { ExplainedMessage, Step } from "./explanation.ts";
import { shownReason } from "./reason.ts";

export type ChangeOptions = {
  readonly rule: ModelRule;
  readonly model: ModelTopology;
  readonly previous: StoredRow | null;
  readonly context: ChangeContext;
  readonly outcome: Outcome;
  readonly showValues: boolean;
};

/** What classifying and mapping make of a record for one model, and by which of their rules. */
export function explainedChange(options: ChangeOptions): {
  readonly steps: readonly Step[];
  readonly messages: readonly ExplainedMessage[];
} {
  const { rule, model, outcome } = options;
  const steps: Step[] = [];
  const messages: ExplainedMessage[] = [];
  const next = outcome.stored?.row ?? null;
  const belongs = filterStep(options, next, steps);
  if (belongs === "failed") return { steps, messages };
  for (const sync of rule.syncs) {
    const topicTopology = model.syncs.find((one) => one.sync.name === sync.name);
    if (topicTopology)
      messages.push(...syncSteps(options, sync, topicTopology, belongs ? next : null, steps));
  }
  return { steps, messages };
}

/** @returns whether the next row is one of the model */
function filterStep(
  { rule, model, outcome, showValues }: ChangeOptions,
  next: Row | null,
  steps: Step[],
): boolean | "failed" {
  const say = (detail: string) =>
    steps.push({ about: "filter", model: rule.name, sync: null, detail });
  const refusal = outcome.rejections.find(({ by, is }) => is === "model" && by === rule.name);
  if (refusal) {
    const why = shownReason(refusal.error, showValues);
    say(
      `\`${model.where}\` cannot decide: the row stays as it is for this model, and the record goes to the dead letters: ${why}`,
    );
    return "failed";
  }
  if (next === null) {
    say("there is no row after it, so none that the model has");
    return false;
  }
  const belongs = rule.matches(next, new Set(outcome.stored?.unknown));
  if (model.where === undefined) say("none: every row belongs to the model");
  else say(`the row ${belongs ? "passes" : "does not pass"} \`${model.where}\``);
  return belongs;
}

function syncSteps(
  { rule, previous, context, outcome, showValues }: ChangeOptions,
  sync: SyncRule,
  topicTopology: SyncTopology,
  next: Row | null,
  steps: Step[],
): readonly ExplainedMessage[] {
  const say = (about: Step["about"], detail: string) =>
    steps.push({ about, model: rule.name, sync: sync.name, detail });
  if (sync.number === -1) {
    say("change", "the stored rows do not know the sync: the next start has it see them all first");
    return [];
  }
  const { event, recordContext } = context;
  const isSync = (one: SyncRule) => one.name === sync.name;
  const change = outcome.changes.find((one) => isSync(one.sync));
  if (next !== null) say("user", userOf(topicTopology, outcome, next));
  const known = change?.previous ?? knownRow(previous, sync, event.before);
  const isUnchanged = outcome.unchanged.some(isSync);
  if (next !== null && known !== null && (isUnchanged || change?.kind === "changed")) {
    const names = sync.watched === "*" ? Object.keys(next) : sync.watched;
    const different = names.filter((name) =>
      hasChanged([name], known, next, event.defaults, previous?.unknown),
    );
    say("columns", columnsText(sync.watched, different, showValues ? { known, next } : null));
  }
  if (isUnchanged) {
    say(
      "change",
      "none: it was a member and is one, and nothing that the sync watches differs: the call is not made",
    );
    return [];
  }
  if (outcome.initial.some(isSync)) {
    say(
      "change",
      `nothing is sent, by initialResults: skip: ${INITIAL[whyInitial(previous, event, recordContext, sync) ?? "update"](sync)}`,
    );
    return [];
  }
  if (!change) {
    say("change", "none: it was no member and is none");
    return [];
  }
  say("change", CHANGES[change.kind]);
  return messagesOf(change, topicTopology, context, showValues, (detail) => say("message", detail));
}

const CHANGES: { readonly [kind in Change["kind"]]: string } = {
  added: "added: it was no member and is one",
  changed: "changed: it was a member and is one, and what the sync watches differs",
  removed: "removed: it was a member and is none any more",
};

const INITIAL = {
  below: ({ boundary }: SyncRule) =>
    `the record lies below offset ${boundary}, where the topic ended when the sync began`,
  incremental: () => "it is a read of an incremental snapshot, of a row that was never seen",
  update: () => "it is an update of a row that was never seen: it was there before",
  read: () => "it is a snapshot's read, before the first change of this partition",
} as const;

function knownRow(
  previous: StoredRow | null,
  { number }: SyncRule,
  before: Row | null,
): Row | null {
  const pinned = previous?.pinned.find((one) => one.sync === number);
  return pinned?.row ?? (previous === null ? before : previous.row);
}

function userOf({ sync, missingUser }: SyncTopology, outcome: Outcome, next: Row): string {
  const user = sync.user(next, new Set(outcome.stored?.unknown));
  if (user !== null) {
    const ids = Object.entries(user).map(([name, id]) => `${name} ${id}`);
    return ids.join(", ");
  }
  const rejected = outcome.rejections.some(({ by, is }) => is === "sync" && by === sync.name);
  const then = rejected ? "the record goes to the dead letters for this sync" : "it is passed over";
  return `none: the row has neither userId nor anonymousId (missingUser: ${missingUser}), so it is no member; ${then}`;
}

function columnsText(
  watched: SyncRule["watched"],
  different: readonly string[],
  values: { readonly known: Row; readonly next: Row } | null,
): string {
  const all = watched === "*" ? "every column" : watched.join(", ");
  const shown = (row: Row, name: string) => JSON.stringify(segmentValue(column(row, name) ?? null));
  const names = different.map((name) =>
    values === null ? name : `${name} ${shown(values.known, name)} → ${shown(values.next, name)}`,
  );
  return `watched: ${all}; different: ${names.length === 0 ? "none" : names.join(", ")}`;
}
