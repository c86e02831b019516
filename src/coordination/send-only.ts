import type { Control } from "./control.ts";

/** The control log for one who only tells: what others have told waits for the service, which reads it at its start. */
export function tellOnly(control: Control): Control {
  return {
    send: (letters) => control.send(letters),
    listen: async () => {},
    unlisten: () => {},
    close: () => control.close(),
  };
}
