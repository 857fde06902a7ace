import { ConfigError, OperationFailedError } from '../errors.js';

/** Asks the user. */
export interface Asker {
  /** Returns undefined if there is no terminal. */
  ask(question: string): Promise<boolean | undefined>;
}

/**
 * Returns if the answer is yes; otherwise throws an error that begins with `unchanged`, such as
 * "nothing was deleted". `hint` says how to confirm without a terminal.
 */
export async function confirm(
  asker: Asker,
  question: string,
  { unchanged, hint }: { unchanged: string; hint: string },
): Promise<void> {
  const answer = await asker.ask(question);
  if (answer === true) return;
  if (answer === undefined) {
    throw new ConfigError(`${unchanged}: cannot ask for confirmation without a terminal`, { hint });
  }
  throw new OperationFailedError(`${unchanged}: the answer was not yes`);
}
