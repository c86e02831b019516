import { messageOf } from "../lib/errors.ts";

/** What a closed door looks like from outside, and what opens it. */
const DOORS: readonly (readonly [RegExp, string])[] = [
  [
    /unable to verify|unable to get|self-signed/,
    "kafka.tls.ca has to name the authority that signed the broker's certificate",
  ],
  [
    /not match certificate's altnames/,
    "kafka.brokers, and the brokers' advertised.listeners, have to name hosts as the certificate does",
  ],
  [/alert .*certificate|alert unknown ca/, "the broker wants another kafka.tls.cert and key"],
  [/SASL/, "compare kafka.sasl with what the broker knows"],
  [
    /^Closed connection|disconnected before secure TLS/,
    "where it always does, kafka.tls or kafka.sasl is not what the broker's listener expects",
  ],
];

/** `…error:0A000412:SSL routines:ssl3_read_bytes:WHAT IT IS:../deps/openssl/…` with a line break at its end. */
const OPENSSL = /[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):.*\n?/;

/** What Kafka, kafkajs or OpenSSL said, and which settings to look at where it was no entry. */
export function reasonOf(error: unknown): string {
  const text = messageOf(error).replace(OPENSSL, "$1").trim();
  const door = DOORS.find(([said]) => said.test(text));
  return door ? `${text} (${door[1]})` : text;
}
