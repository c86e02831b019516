import type { ChangeContext } from "../classify/change-context.ts";
import {
  type Change,
  decisionOf,
  type Outcome,
  type Skip,
  type SyncDecision,
} from "../classify/decision.ts";
import type { InitialReason } from "../classify/initial-result.ts";
import type { ModelRule, SyncRule } from "../classify/rules.ts";
import { column, type Row } from "../data/row.ts";
import type { User } from "../data/user.ts";
import { segmentValue } from "../map/segment-value.ts";
import type { ModelTopology, SyncTopology } from "../topology/model-topology.ts";
import { explainedMessages } from "./explained-messages.ts";
import type { ExplainedMessage, ExplainedStep } from "./explanation.ts";
import { shownReason } from "./reason.ts";

export type ChangeOptions = {
  readonly rule: ModelRule;
  readonly model: ModelTopology;
  readonly context: ChangeContext;
  readonly outcome: Outcome;
  readonly showValues: boolean;
};

/** The steps of a record, and the messages at their end. */
export type Explained = {
  readonly steps: readonly ExplainedStep[];
  readonly messages: readonly ExplainedMessage[];
};

/** What `classify` decided for the syncs of one model, in words, and the messages of the changes. */
export function explainedChange(options: ChangeOptions): Explained {
  const { rule, model } = options;
  const syncs = rule.syncs.flatMap((sync) => {
    const topology = model.syncs.find((one) => one.sync.name === sync.name);
    return topology ? explainedSync(options, sync, topology) : [];
  });
  return {
    steps: [
      { about: "filter", model: rule.name, sync: null, detail: filterText(options) },
      ...syncs.flatMap(({ steps }) => steps),
    ],
    messages: syncs.flatMap(({ messages }) => messages),
  };
}

function filterText({ rule, model, outcome, showValues }: ChangeOptions): string {
  const rejection = outcome.rejections.find(({ by, is }) => is === "model" && by === rule.name);
  if (rejection) {
    const why = shownReason(rejection.error, showValues);
    return `\`${model.where}\` failed: the row does not change for this model, and the record is sent to the dead letter queue: ${why}`;
  }
  if ((outcome.stored?.row ?? null) === null) return "not evaluated: the row is removed";
  if (model.where === undefined) return "none: the model includes every row";
  const passes = outcome.matching.includes(rule) ? "passes" : "does not pass";
  return `the row ${passes} \`${model.where}\``;
}

function explainedSync(
  { rule, context, outcome, showValues }: ChangeOptions,
  sync: SyncRule,
  topology: SyncTopology,
): Explained {
  const step = (about: ExplainedStep["about"], detail: string): ExplainedStep => {
    return { about, model: rule.name, sync: sync.name, detail };
  };
  const decision = decisionOf(outcome, sync.name);
  if (decision === undefined || decision.reason === "filterFailed")
    return { steps: [], messages: [] };
  if (sync.number === -1)
    return {
      steps: [step("change", "the sync is new: the next start backfills it")],
      messages: [],
    };
  const steps: ExplainedStep[] = [];
  if (outcome.matching.includes(rule)) steps.push(step("user", userText(decision, topology)));
  const columns = columnsText(decision, showValues);
  if (columns !== null) steps.push(step("columns", columns));
  if (!("changedColumns" in decision))
    return { steps: [...steps, step("change", skipText(decision))], messages: [] };
  const { details, messages } = explainedMessages(decision, topology, context, showValues);
  steps.push(step("change", CHANGES[decision.reason]));
  steps.push(...details.map((detail) => step("message", detail)));
  return { steps, messages };
}

const CHANGES: { readonly [reason in Change["reason"]]: string } = {
  added: "added: not a member before, a member now",
  changed: "changed: a member before and now, and a watched column differs",
  removed: "removed: a member before, not a member now",
};

function skipText({ sync, reason, initial }: Skip): string {
  return reason === "initialResult" && initial !== null
    ? `${reason}: ${INITIAL[initial](sync)}, and the sync skips initial results`
    : SKIPS[reason];
}

const SKIPS: { readonly [reason in Skip["reason"]]: string } = {
  unchanged: "unchanged: a member before and now, and no watched column differs; nothing is sent",
  initialResult: "initialResult: the sync skips initial results",
  missingUser: "missingUser: the row has no user and is ignored",
  missingUserRejected:
    "missingUserRejected: the row has no user, and the record is sent to the dead letter queue",
  notMember: "notMember: not a member before and now",
  filterFailed: "filterFailed: the membership does not change",
};

const INITIAL: { readonly [reason in InitialReason]: (sync: SyncRule) => string } = {
  below: ({ boundary }) =>
    `the record is below offset ${boundary}, the end of the partition when the sync started`,
  incremental: () => "an incremental snapshot read a row that was never seen",
  update: () => "the record updates a row that was never seen",
  read: () => "the record is a snapshot read before the first change of this partition",
};

function userText({ user }: { readonly user: User | null }, { missingUser }: SyncTopology): string {
  return user === null
    ? `none: the row has no userId and no anonymousId (missingUser: ${missingUser})`
    : Object.entries(user)
        .map(([name, id]) => `${name} ${id}`)
        .join(", ");
}

/** `null` if the watched columns were not compared. */
function columnsText(decision: SyncDecision, showValues: boolean): string | null {
  const { sync, reason } = decision;
  const watched = sync.watched === "*" ? "every column" : sync.watched.join(", ");
  if (reason === "unchanged") return `watched: ${watched}; different: none`;
  if (!("changedColumns" in decision) || decision.changedColumns === null) return null;
  const { changedColumns, previous, next } = decision;
  const shown = (row: Row | null, name: string) =>
    JSON.stringify(segmentValue((row && column(row, name)) ?? null));
  const different = changedColumns.map((name) =>
    showValues ? `${name} ${shown(previous, name)} → ${shown(next, name)}` : name,
  );
  return `watched: ${watched}; different: ${different.join(", ")}`;
}
