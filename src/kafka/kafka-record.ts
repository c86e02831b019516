import type { KafkaMessage } from "kafkajs";
import { isTime } from "../data/instant.ts";
import type { Headers, SourceRecord, TopicPartition } from "../data/record.ts";

const NO_HEADERS: Headers = Object.freeze({});

/**
 * A message as kafkajs decoded it, as a record. Key, value and headers are windows on the fetched bytes (up to
 * 8 MB, and more where they came compressed): whoever keeps one for long copies it.
 */
export function recordOf(tp: TopicPartition, message: KafkaMessage): SourceRecord {
  return {
    topic: tp.topic,
    partition: tp.partition,
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
  for (const name in headers) {
    const value = headers[name];
    if (Array.isArray(value)) headers[name] = value.at(-1);
    else if (value === null) headers[name] = undefined;
  }
  return headers as Headers;
}
