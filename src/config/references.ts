import { compileExpression } from "../data/expression.ts";
import { messageOf } from "../lib/errors.ts";
import { differentReadings } from "./model-settings.ts";
import type { Problem } from "./problem.ts";
import { nearest } from "./suggest.ts";
import { hasInvalid } from "./validation.ts";

/** Validated settings, of which any part may be missing or wrong: only what is there and valid is checked here. */
type Draft = { readonly [setting: string]: unknown };

/** What no single setting shows: names that must exist, pairs that must agree, expressions that must compile. */
export function checkReferences(settings: unknown): Problem[] {
  const [models, syncs] = [draftsIn(settings, "models"), draftsIn(settings, "syncs")];
  const modelNames = namesIn(settings, "models");
  return [
    ...(namesIn(settings, "syncs")?.length === 0
      ? [{ path: ["syncs"], text: "name at least one sync; without syncs nothing is sent" }]
      : []),
    ...models.flatMap(([name, model]) => checkModel(["models", name], model)),
    ...syncs.flatMap(([name, sync]) => checkSync(["syncs", name], sync)),
    ...(modelNames ? checkModelNames(modelNames, syncs) : []),
    ...checkSharedTopics(models),
    ...checkMessageIds(models, syncs),
  ];
}

type Drafts = readonly (readonly [name: string, draft: Draft])[];

function draftsIn(settings: unknown, section: string): Drafts {
  const found = isDraft(settings) ? settings[section] : undefined;
  if (!isDraft(found)) return [];
  return Object.entries(found).flatMap(([name, value]) =>
    isDraft(value) ? [[name, value] as const] : [],
  );
}

function namesIn(settings: unknown, section: string): readonly string[] | undefined {
  const found = isDraft(settings) ? settings[section] : undefined;
  return isDraft(found) ? Object.keys(found) : undefined;
}

function isDraft(value: unknown): value is Draft {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkModel(path: string[], model: Draft): Problem[] {
  const problems: Problem[] = [];
  if ((model.topic === undefined) === (model.topics === undefined)) {
    problems.push({ path, text: "write either `topic: name` or `topics: [a, b]`" });
  }
  const topics = topicNames(model);
  const repeated = topics.find((topic, i) => topics.indexOf(topic) < i);
  if (repeated !== undefined) {
    problems.push({
      path: [...path, "topics"],
      text: `names ${repeated} twice; remove one of them`,
    });
  }
  if (typeof model.where === "string")
    problems.push(...checkExpression([...path, "where"], model.where, "bool"));
  return problems;
}

function topicNames({ topic, topics }: Draft): readonly string[] {
  const names: readonly unknown[] = Array.isArray(topics) ? topics : [topics];
  return [topic, ...names].filter((name) => typeof name === "string");
}

function checkSync(path: string[], sync: Draft): Problem[] {
  const mapped = ["traits", "properties"].flatMap((fields) =>
    isDraft(sync[fields])
      ? Object.entries(sync[fields]).map(([name, value]) => [[fields, name], value] as const)
      : [],
  );
  const users = ["userId", "anonymousId"].map((name) => [[name], sync[name]] as const);
  return [
    ...(sync.userId === undefined && sync.anonymousId === undefined
      ? [{ path, text: "set userId, anonymousId or both: Segment drops a call without a user" }]
      : []),
    ...[...users, ...mapped].flatMap(([inner, value]) =>
      isDraft(value) && typeof value.cel === "string"
        ? checkExpression([...path, ...inner], value.cel)
        : [],
    ),
  ];
}

function checkExpression(path: string[], text: string, result?: "bool"): Problem[] {
  try {
    compileExpression(text, result);
    return [];
  } catch (error) {
    return [{ path, text: messageOf(error) }];
  }
}

function checkModelNames(names: readonly string[], syncs: Drafts): Problem[] {
  return syncs.flatMap(([name, { model }]) =>
    typeof model === "string" && !names.includes(model)
      ? [
          {
            path: ["syncs", name, "model"],
            text: `there is no model "${model}"; ${nearest(model, names)}`,
          },
        ]
      : [],
  );
}

/** Models over one topic share its stored rows, so they must read the columns and the key alike. */
function checkSharedTopics(models: Drafts): Problem[] {
  const problems = new Map<string, Problem>();
  const seen = new Map<string, readonly [name: string, model: Draft]>();
  for (const [name, model] of models) {
    for (const topic of topicNames(model)) {
      const [other, first] = seen.get(topic) ?? [name, model];
      seen.set(topic, [other, first]);
      for (const setting of differentReadings(first, model)) {
        if (hasInvalid(first[setting]) || hasInvalid(model[setting])) continue;
        problems.set(JSON.stringify([other, name, setting]), {
          path: ["models", name, setting],
          text: `models "${other}" and "${name}" read the same topic ${topic} and share its rows; write the same \`${setting}\` in both`,
        });
      }
    }
  }
  return [...problems.values()];
}

/** Segment drops a second message with a known id, even of another sync. */
function checkMessageIds(models: Drafts, syncs: Drafts): Problem[] {
  const seen = new Map<string, string>();
  const problems: Problem[] = [];
  const byName = new Map(models);
  for (const [name, { model, messageId }] of syncs) {
    const read = typeof model === "string" ? byName.get(model) : undefined;
    if (typeof messageId !== "string" || !read) continue;
    for (const topic of topicNames(read)) {
      const pair = JSON.stringify([topic, messageId]);
      const other = seen.get(pair);
      if (other !== undefined) {
        problems.push({
          path: ["syncs", name, "messageId"],
          text: `sync "${other}" uses the same column of the same topic, and Segment drops the second message with an id; remove messageId from one of them`,
        });
      }
      seen.set(pair, name);
    }
  }
  return problems;
}
