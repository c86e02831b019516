import { messageOf } from "../lib/errors.ts";

/** Errors of a connection, and the setting that causes them. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /unable to verify|unable to get|self-signed/,
    "kafka.tls.ca must contain the CA certificate that signed the broker's certificate",
  ],
  [
    /not match certificate's altnames/,
    "the host names in kafka.brokers and in the brokers' advertised.listeners must match the certificate",
  ],
  [/alert .*certificate|alert unknown ca/, "the broker rejects kafka.tls.cert and key"],
  [/SASL/, "compare kafka.sasl with the credentials on the broker"],
  [
    /^Closed connection|disconnected before secure TLS/,
    "if this always happens, kafka.tls or kafka.sasl does not match the broker's listener",
  ],
];

/** `…error:0A000412:SSL routines:ssl3_read_bytes:REASON:../deps/openssl/…` with a line break at its end. */
const OPENSSL = /[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):.*\n?/;

/** The message of Kafka, kafkajs or OpenSSL, with the settings to check if the connection failed. */
export function reasonOf(error: unknown): string {
  const text = messageOf(error).replace(OPENSSL, "$1").trim();
  const hint = HINTS.find(([pattern]) => pattern.test(text));
  return hint ? `${text} (${hint[1]})` : text;
}
