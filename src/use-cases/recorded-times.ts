import type { CreationTimes } from '../backup/names.js';
import { StateError } from '../errors.js';
import type { CommandContext } from './context.js';

/**
 * Returns the recorded creation times, where they are only for what is shown: if they cannot be read, it
 * warns and returns none, so that the times in the names are used.
 */
export function readRecordedTimes(
  { logDirectory, report }: Pick<CommandContext, 'logDirectory' | 'report'>,
  read = () => logDirectory.readCreationTimes(),
): CreationTimes {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    report.warn(`${error.message}; the ages of backups are calculated from their names`);
    return new Map();
  }
}
