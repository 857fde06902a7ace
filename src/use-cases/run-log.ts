import { ChbackupError, OperationFailedError } from '../errors.js';
import type { CommandContext } from './context.js';

/** Does a command's work between the lines `started` and `finished` of the log file; logs its error. */
export async function withRunLog<T>(
  { clock, log }: Pick<CommandContext, 'clock' | 'log'>,
  work: () => Promise<T>,
): Promise<T> {
  log.started(clock.now());
  try {
    return await work();
  } catch (error) {
    const heading = error instanceof OperationFailedError ? error.heading : undefined;
    // The text of an unexpected error may contain a secret, so only its name is logged.
    const known = error instanceof ChbackupError;
    log.error(heading ?? 'ERROR', known ? error.message : `unexpected error: ${nameOf(error)}`);
    throw error;
  } finally {
    log.finished(clock.now());
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
