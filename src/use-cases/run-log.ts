import { ChbackupError, OperationFailedError } from '../errors.js';
import type { CommandContext } from './context.js';

/** Does a command's work between the log file's `started` and `finished`, its error under a heading. */
export async function withRunLog<T>(
  { clock, log }: Pick<CommandContext, 'clock' | 'log'>,
  work: () => Promise<T>,
): Promise<T> {
  log.started(clock.now());
  try {
    return await work();
  } catch (error) {
    const heading = error instanceof OperationFailedError ? error.heading : undefined;
    // Of an error that is not ours only the kind: its text may hold anything.
    const known = error instanceof ChbackupError;
    log.error(heading ?? 'ERROR', known ? error.message : `unexpected: ${nameOf(error)}`);
    throw error;
  } finally {
    log.finished(clock.now());
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
