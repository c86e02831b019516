import { differentReadings, type ModelSettings, topicsOf } from "../config/model-settings.ts";
import type { Settings } from "../config/settings.ts";
import { matchesTopic, parseTopicPattern, type TopicPattern } from "../data/topic-pattern.ts";
import type { TopicFormat } from "../decode/decoder.ts";
import { CdcError } from "../lib/errors.ts";
import { compileModel, type ModelTopology } from "./model-topology.ts";
import { compileFormat } from "./topic-format.ts";

/** Everything that reads one topic: how its records are decoded, and the models and syncs over its rows. */
export type TopicTopology = {
  readonly topic: string;
  readonly format: TopicFormat;
  readonly onTruncate: "remove" | "ignore" | "stop";
  /** How long the create of a changed primary key waits for its previous row. */
  readonly keyChangeTimeout_ms: number;
  /** Whether rows that a complete snapshot no longer contains are removed, and how long after its end. */
  readonly reconcile: boolean;
  readonly reconcileDelay_ms: number;
  readonly models: readonly ModelTopology[];
};

type Reader = {
  readonly topics: readonly TopicPattern[];
  readonly settings: ModelSettings;
  readonly model: ModelTopology;
};

/** The settings, compiled once. A topic that only a pattern names is compiled when it is first seen. */
export class Topology {
  /** Every topic by name, and the patterns. */
  readonly topics: readonly TopicPattern[];
  readonly #readers: readonly Reader[];
  readonly #compiled = new Map<string, TopicTopology | undefined>();

  /** @throws CdcError CONFIGURATION where an expression does not compile */
  constructor(settings: Settings) {
    const models = Object.entries(settings.models);
    this.#readers = models.map(([name, model]) => ({
      topics: topicsOf(model).map(parseTopicPattern),
      settings: model,
      model: compileModel(name, model, settings),
    }));
    this.topics = [...new Set(models.flatMap(([, model]) => topicsOf(model)))].map(
      parseTopicPattern,
    );
  }

  /**
   * The topology of a topic; `undefined` where no model reads it.
   * @throws CdcError CONFIGURATION where two models read it differently
   */
  get(topic: string): TopicTopology | undefined {
    if (!this.#compiled.has(topic)) this.#compiled.set(topic, this.#compileTopic(topic));
    return this.#compiled.get(topic);
  }

  #compileTopic(topic: string): TopicTopology | undefined {
    const readers = this.#readers.filter(({ topics }) =>
      topics.some((pattern) => matchesTopic(pattern, topic)),
    );
    const [first, ...others] = readers;
    if (!first) return undefined;
    for (const other of others) requireSameReading(topic, first, other);
    const models = readers.map(({ model }) => model);
    const { onTruncate, keyChangeTimeout, reconcile, reconcileDelay } = first.settings;
    return {
      topic,
      format: compileFormat(topic, first.settings, models),
      onTruncate,
      keyChangeTimeout_ms: keyChangeTimeout,
      reconcile,
      reconcileDelay_ms: reconcileDelay,
      models,
    };
  }
}

/** Models whose patterns match one topic share its rows, as those that name it do. */
function requireSameReading(topic: string, a: Reader, b: Reader): void {
  const [different] = differentReadings(a.settings, b.settings);
  if (different === undefined) return;
  throw new CdcError(
    "CONFIGURATION",
    `models "${a.model.name}" and "${b.model.name}" both read ${topic} and share its rows; write the same \`${different}\` in both`,
  );
}
