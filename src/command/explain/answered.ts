import type { Explanation } from "../../explanation.ts";

/** An explanation, who gave it, and where what was set aside stands. */
export type Answered = {
  readonly explanation: Explanation;
  readonly by: string;
  readonly deadLetters: string;
};
