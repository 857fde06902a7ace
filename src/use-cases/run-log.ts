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
    log.error(heading ?? 'ERROR', describeError(error));
    throw error;
  } finally {
    log.finished(clock.now());
  }
}

/** Returns an error's message. That of an unexpected error may contain a secret, so only its name. */
export function describeError(error: unknown): string {
  if (error instanceof ChbackupError) return error.message;
  return `unexpected error: ${error instanceof Error ? error.name : typeof error}`;
}
