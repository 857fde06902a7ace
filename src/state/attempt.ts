import { StateError } from '../errors.js';
import { describeErrno, errnoOf } from '../text.js';

/** Does `work` on a file. Throws a `StateError` that names the file instead of a system error. */
export function attempt<T>(what: string, file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new StateError(`cannot ${what} ${file}: ${describeErrno(error)}`, {
      hint: hintFor(errnoOf(error)),
      cause: error,
    });
  }
}

const another = 'or pass another directory with --log-dir';

/** Returns what the user can do about an error of a file in the log directory. */
function hintFor(code: string): string {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'free some space in the file system of the log directory';
    case 'EACCES':
    case 'EPERM':
      return `the user that runs chbackup must own the log directory and its files; change their owner, ${another}`;
    case 'EROFS':
      return `mount the file system of the log directory writable, ${another}`;
    case 'EEXIST':
    case 'EISDIR':
    case 'ELOOP':
    case 'ENAMETOOLONG':
    case 'ENOENT':
    case 'ENOTDIR':
      return `check the path of the log directory, ${another}`;
    case 'EMFILE':
    case 'ENFILE':
      return 'raise the limit of open files (ulimit -n)';
    case 'EIO':
    case 'ESTALE':
      return `check the disk or the network file system of the log directory, ${another}`;
    default:
      return `check the log directory, its permissions and its free space, ${another}`;
  }
}
