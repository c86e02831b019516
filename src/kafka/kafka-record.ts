import type { KafkaMessage } from "kafkajs";
import { isTime } from "../data/instant.ts";
import type { Headers, SourceRecord, TopicPartition } from "../data/record.ts";

const NO_HEADERS: Headers = Object.freeze({});

/**
 * Converts a message of kafkajs. Key, value and headers are views of the fetched bytes (up to 8 MB, more if they were
 * compressed): copy them if they are to be retained.
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

/** The field may contain any 64 bits; -1 is none. */
function timeOf(text: string): number {
  const time = Number(text);
  return isTime(time) ? time : 0;
}

/** kafkajs returns a repeated header as a list: the last value counts. A header without a value is ignored. */
function headersOf(headers: KafkaMessage["headers"]): Headers {
  if (!headers) return NO_HEADERS;
  for (const name in headers) {
    const value = headers[name];
    if (Array.isArray(value)) headers[name] = value.at(-1);
    else if (value === null) headers[name] = undefined;
  }
  return headers as Headers;
}
