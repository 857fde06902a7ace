import { StateError } from '../errors.js';
import { errnoOf } from '../text.js';

/** Does `work` on a file. Throws a `StateError` that names the file instead of a system error. */
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
