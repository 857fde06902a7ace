import { StateError } from '../errors.js';
import { errnoOf } from '../text.js';

/** Does something to a file; an error of the system becomes a `StateError` that names the file. */
export function attempt<T>(what: string, file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new StateError(`cannot ${what} ${file}: ${errnoOf(error)}`, {
      hint: 'check the log directory, its permissions and its free space',
      cause: error,
    });
  }
}
