import type { Control } from "./control.ts";

/** A control log that only sends, for `redrive`: the service reads the messages of others at its next start. */
export function sendOnly(control: Control): Control {
  return {
    send: (messages) => control.send(messages),
    listen: async () => {},
    unlisten: () => {},
    close: () => control.close(),
  };
}
