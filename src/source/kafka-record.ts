import type { KafkaMessage } from "kafkajs";
import { isTime } from "../instant.ts";
import type { Headers, SourceRecord, TopicPartition } from "../record.ts";

const NO_HEADERS: Headers = Object.freeze({});

/**
 * A message as kafkajs decoded it, as a record. Key, value and headers are windows on the fetched bytes (up to
 * 8 MB, and more where they came compressed): whoever keeps one for long copies it.
 */
export function recordOf(at: TopicPartition, message: KafkaMessage): SourceRecord {
  return {
    topic: at.topic,
    partition: at.partition,
    offset: Number(message.offset),
    key: message.key,
    value: message.value,
    headers: headersOf(message.headers),
    timestamp: timeOf(message.timestamp),
  };
}

/** Any 64 bits may stand there; -1 is none. */
function timeOf(text: string): number {
  const time = Number(text);
  return isTime(time) ? time : 0;
}

/** kafkajs makes a list of a repeated header: the last one counts. A header without a value is none. */
function headersOf(headers: KafkaMessage["headers"]): Headers {
  if (!headers) return NO_HEADERS;
  const names = Object.keys(headers);
  if (names.length === 0) return NO_HEADERS;
  return Object.fromEntries(
    names.map((name) => {
      const value = headers[name];
      return [name, (Array.isArray(value) ? value.at(-1) : value) ?? undefined];
    }),
  );
}
