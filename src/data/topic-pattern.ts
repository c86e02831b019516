/** A topic name, or a pattern for several topics. */
export type TopicPattern = string | RegExp;

/** `/^app\.shard\d+\.users$/` is a pattern, anything else a name: topic names have no slash. */
export function parseTopicPattern(text: string): TopicPattern {
  const pattern = /^\/(.+)\/$/.exec(text);
  return pattern ? new RegExp(pattern[1] as string) : text;
}

export function matchesTopic(name: TopicPattern, topic: string): boolean {
  return typeof name === "string" ? name === topic : name.test(topic);
}
