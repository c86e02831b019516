import type { KafkaOptions } from "../stack/kafka.ts";
import type { Certificates } from "./certificates.ts";

/** Of the user `app`. One each: who used another mechanism than was asked for would not get in. */
export const PASSWORDS = {
  plain: "Sesam-plain",
  "scram-sha-256": "Sesam-256",
  "scram-sha-512": "Sesam-512",
};

export type Mechanism = keyof typeof PASSWORDS;
export const MECHANISMS = Object.keys(PASSWORDS) as Mechanism[];

export type ListenerName = "TLS" | "MUTUAL" | "ELSEWHERE" | "SASL";

/**
 * A broker with a door of every kind: TLS; MUTUAL, where the client shows a certificate too; ELSEWHERE, with the
 * certificate of another host; SASL over TLS, where `app` may log in by every mechanism.
 */
export function brokerWithListeners({ ca, server, elsewhere }: Certificates): KafkaOptions {
  const listeners: Record<ListenerName, string> = {
    TLS: "SSL",
    MUTUAL: "SSL",
    ELSEWHERE: "SSL",
    SASL: "SASL_SSL",
  };
  const modules = "org.apache.kafka.common.security";
  const plain = `${modules}.plain.PlainLoginModule required user_app="${PASSWORDS.plain}";`;
  const scram = `${modules}.scram.ScramLoginModule required;`;
  return {
    listeners,
    format: [
      ...["--add-scram", `SCRAM-SHA-256=[name=app,password=${PASSWORDS["scram-sha-256"]}]`],
      ...["--add-scram", `SCRAM-SHA-512=[name=app,password=${PASSWORDS["scram-sha-512"]}]`],
    ],
    properties: {
      "ssl.keystore.type": "PEM",
      "ssl.keystore.location": server.both,
      "ssl.truststore.type": "PEM",
      "ssl.truststore.location": ca.cert,
      "listener.name.mutual.ssl.client.auth": "required",
      "listener.name.elsewhere.ssl.keystore.location": elsewhere.both,
      "sasl.enabled.mechanisms": MECHANISMS.join().toUpperCase(),
      "listener.name.sasl.plain.sasl.jaas.config": plain,
      "listener.name.sasl.scram-sha-256.sasl.jaas.config": scram,
      "listener.name.sasl.scram-sha-512.sasl.jaas.config": scram,
    },
  };
}
