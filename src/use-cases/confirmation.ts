import { ConfigError, InterruptedError, OperationFailedError } from '../errors.js';

/** Asks the user. */
export interface Asker {
  /** Returns undefined if the question cannot be asked: with `--json`, or without a terminal. */
  ask(question: string): Promise<boolean | undefined>;
}

/**
 * Returns if the answer is yes; otherwise throws an error that says that this is `unchanged`, such as
 * "nothing was deleted". `hint` says how to confirm without a terminal.
 */
export async function confirm(
  asker: Asker,
  question: string,
  { unchanged, hint }: { unchanged: string; hint: string },
): Promise<void> {
  const answer = await beforeChanges(unchanged, () => asker.ask(question));
  if (answer === true) return;
  if (answer === undefined) {
    throw new ConfigError(
      `${unchanged}: cannot ask for confirmation with --json or without a terminal`,
      { hint },
    );
  }
  throw new OperationFailedError(`${unchanged}: the answer was not yes`);
}

/**
 * Does work that has changed nothing, unless `mayHaveChanged` returns true. If a signal stops it then, the
 * error says `unchanged` instead of that the server may still be working.
 */
export async function beforeChanges<T>(
  unchanged: string,
  work: () => Promise<T>,
  mayHaveChanged = () => false,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InterruptedError) || mayHaveChanged()) throw error;
    throw new InterruptedError(error.signalName, unchanged);
  }
}
