/** The user of a row and of its messages. At least one of the two ids is present. */
export type User = { readonly userId?: string; readonly anonymousId?: string };

export function sameUser(a: User | null, b: User | null): boolean {
  return a?.userId === b?.userId && a?.anonymousId === b?.anonymousId;
}
