/** What one message is about: the kinds of message that one record can give one sync. */
export type MessageKind = "identify" | "added" | "changed" | "removed" | "entered" | "exited";
