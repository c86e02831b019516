import type { KeyChange, Operation } from "../../data/event.ts";
import type { Headers } from "../../data/record.ts";
import type { RecordKey } from "./record-key.ts";

const NEW_KEY = "__debezium.newkey";
const OLD_KEY = "__debezium.oldkey";

/** Reads the headers by which Debezium links the delete and the create of a primary-key change. */
export class KeyMoves {
  readonly #key: RecordKey;

  constructor(key: RecordKey) {
    this.#key = key;
  }

  of(operation: Operation, headers: Headers): KeyChange | "unreadable" | null {
    return operation === "delete" ? this.to(headers) : this.#from(headers);
  }

  to(headers: Headers): KeyChange | "unreadable" | null {
    const key = this.#read(headers[NEW_KEY]);
    return key === null || key === "unreadable" ? key : { to: key };
  }

  #from(headers: Headers): KeyChange | "unreadable" | null {
    const key = this.#read(headers[OLD_KEY]);
    return key === null || key === "unreadable" ? key : { from: key };
  }

  /** With an unreadable header the record is still a removal or an addition, by its operation. */
  #read(header: Buffer | string | undefined): string | null {
    if (header === undefined) return null;
    try {
      return this.#key.read(Buffer.from(header));
    } catch {
      return "unreadable";
    }
  }
}
