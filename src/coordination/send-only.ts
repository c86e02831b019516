import type { Control } from "./control.ts";

/** The control log for one who only tells: what others have told waits for the service, which reads it at its start. */
export function sendOnly(control: Control): Control {
  return {
    send: (messages) => control.send(messages),
    listen: async () => {},
    unlisten: () => {},
    close: () => control.close(),
  };
}
