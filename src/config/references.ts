import { compileExpression } from "../data/expression.ts";
import { messageOf } from "../lib/errors.ts";
import type { Problem } from "./issue.ts";
import { differentReadings, type ModelSettings, topicsOf } from "./model-settings.ts";
import type { MappedSetting } from "./setting-kinds.ts";
import type { Settings } from "./settings.ts";
import { nearest } from "./suggest.ts";
import type { SyncSettings } from "./sync-settings.ts";

/** What no single setting can know: names that must exist, pairs that must agree, expressions that must compile. */
export function checkReferences(settings: Settings): Problem[] {
  const models = Object.entries(settings.models);
  const syncs = Object.entries(settings.syncs);
  return [
    ...(syncs.length === 0
      ? [{ path: ["syncs"], text: "name at least one sync, or nothing is sent" }]
      : []),
    ...models.flatMap(([name, model]) => checkModel(["models", name], model)),
    ...syncs.flatMap(([name, sync]) => checkSync(["syncs", name], sync, settings)),
    ...checkSharedTopics(settings),
    ...checkMessageIds(settings),
  ];
}

function checkModel(path: string[], model: ModelSettings): Problem[] {
  const problems: Problem[] = [];
  if ((model.topic === undefined) === (model.topics === undefined)) {
    problems.push({ path, text: "write either `topic: name` or `topics: [a, b]`" });
  }
  if (new Set(topicsOf(model)).size !== topicsOf(model).length) {
    problems.push({ path: [...path, "topics"], text: "names a topic twice" });
  }
  if (model.where !== undefined)
    problems.push(...checkExpression([...path, "where"], model.where, "bool"));
  return problems;
}

function checkSync(path: string[], sync: SyncSettings, settings: Settings): Problem[] {
  const problems: Problem[] = [];
  const names = Object.keys(settings.models);
  if (!names.includes(sync.model)) {
    problems.push({
      path: [...path, "model"],
      text: `there is no model "${sync.model}"; ${nearest(sync.model, names)}`,
    });
  }
  if (sync.userId === undefined && sync.anonymousId === undefined) {
    problems.push({
      path,
      text: "Segment drops a call without a user: set userId, anonymousId or both",
    });
  }
  const fieldsName = sync.type === "identify" ? "traits" : "properties";
  const fields = sync.type === "identify" ? sync.traits : sync.properties;
  const mapped: [string[], MappedSetting | undefined][] = [
    [["userId"], sync.userId],
    [["anonymousId"], sync.anonymousId],
  ];
  if (typeof fields === "object" && !Array.isArray(fields)) {
    mapped.push(
      ...Object.entries(fields).map(([name, value]): [string[], MappedSetting] => [
        [fieldsName, name],
        value,
      ]),
    );
  }
  for (const [where, value] of mapped) {
    if (typeof value === "object" && "cel" in value) {
      problems.push(...checkExpression([...path, ...where], value.cel));
    }
  }
  return problems;
}

function checkExpression(path: string[], text: string, result?: "bool"): Problem[] {
  try {
    compileExpression(text, result);
    return [];
  } catch (error) {
    return [{ path, text: messageOf(error) }];
  }
}

/** Models over one topic share its stored rows, so they must read the columns and the key alike. */
function checkSharedTopics(settings: Settings): Problem[] {
  const problems: Problem[] = [];
  const seen = new Map<string, string>();
  for (const [name, model] of Object.entries(settings.models)) {
    for (const topic of topicsOf(model)) {
      const other = seen.get(topic) ?? name;
      seen.set(topic, other);
      const different = differentReadings(settings.models[other] as ModelSettings, model);
      if (different === undefined) continue;
      problems.push({
        path: ["models", name, different],
        text: `models "${other}" and "${name}" read the same topic ${topic} and share its rows: write \`${different}\` alike in both`,
      });
    }
  }
  return problems;
}

/** Segment drops a second message with a known id, even of another sync. */
function checkMessageIds(settings: Settings): Problem[] {
  const seen = new Map<string, string>();
  const problems: Problem[] = [];
  for (const [name, sync] of Object.entries(settings.syncs)) {
    const model = settings.models[sync.model];
    if (sync.messageId === undefined || !model) continue;
    for (const topic of topicsOf(model)) {
      const pair = JSON.stringify([topic, sync.messageId]);
      const other = seen.get(pair);
      if (other !== undefined) {
        problems.push({
          path: ["syncs", name, "messageId"],
          text: `sync "${other}" uses the same column of the same topic: Segment would drop the second message; leave it out in one of them`,
        });
      }
      seen.set(pair, name);
    }
  }
  return problems;
}
