import { ConfigError, OperationFailedError } from '../errors.js';

/** Can ask a person. */
export interface Asker {
  /** undefined: there is no terminal to ask on. */
  ask(question: string): Promise<boolean | undefined>;
}

/**
 * Returns once the person has said yes. Otherwise throws an error that begins with `unchanged`, such
 * as "nothing was deleted"; `hint` says how to confirm without a terminal.
 */
export async function confirm(
  asker: Asker,
  question: string,
  { unchanged, hint }: { unchanged: string; hint: string },
): Promise<void> {
  const answer = await asker.ask(question);
  if (answer === true) return;
  if (answer === undefined) {
    throw new ConfigError(`${unchanged}: there is no terminal to ask on`, { hint });
  }
  throw new OperationFailedError(`${unchanged}: the answer was not yes`);
}
