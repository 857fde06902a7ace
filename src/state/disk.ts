import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { ConfigError, StateError } from '../errors.js';

/** A held lock; the kernel frees it too, however the process dies. */
export interface HeldLock {
  /** Writes who holds it, for the one who meets it. */
  describe(text: string): void;
  release(): void;
}

/**
 * The files of the log directory. Synchronous: they are small, and the order of effects is what
 * the program's promises rest on. Throws `StateError`, for a missing `flock` `ConfigError`.
 */
export interface Disk {
  makeFolder(folder: string): void;
  /** undefined: there is no such file. */
  read(file: string): string | undefined;
  /** Replaces a file so that a crash leaves the old or the new text, on disk when it returns. */
  replace(file: string, text: string): void;
  append(file: string, text: string): void;
  remove(file: string): void;
  /** Names of the files in a folder; none if there is no folder. */
  list(folder: string): string[];
  /** Takes the lock of a file, or says what its holder wrote there. Never waits. */
  tryLock(file: string): HeldLock | { heldBy: string };
}

/** The real disk; `searchPath` is the PATH on which `flock` is looked for. */
export const nodeDisk = (searchPath: string | undefined): Disk => ({
  makeFolder: (folder) =>
    attempt('make', folder, () => void fs.mkdirSync(folder, { recursive: true })),

  read: (file) =>
    attempt('read', file, () => {
      try {
        return fs.readFileSync(file, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    }),

  replace: (file, text) =>
    attempt('write', file, () => {
      writeFileAtomic.sync(file, text, { mode: 0o644, fsync: true });
      flushFolder(path.dirname(file));
    }),

  append: (file, text) => attempt('write', file, () => fs.appendFileSync(file, text)),

  remove: (file) =>
    attempt('remove', file, () => {
      fs.rmSync(file, { force: true });
      flushFolder(path.dirname(file));
    }),

  list: (folder) =>
    attempt('read', folder, () => (fs.existsSync(folder) ? fs.readdirSync(folder) : [])),

  tryLock(file) {
    const descriptor = attempt('open', file, () => fs.openSync(file, 'a+'));
    const busy = isLockedElsewhere(descriptor, file, searchPath);
    if (busy) {
      const heldBy = fs.readFileSync(file, 'utf8');
      fs.closeSync(descriptor);
      return { heldBy };
    }
    return {
      describe(text) {
        attempt('write', file, () => {
          fs.ftruncateSync(descriptor);
          fs.writeSync(descriptor, text);
        });
      },
      release() {
        try {
          // Until the next holder says who it is, our name must not stand for it.
          fs.ftruncateSync(descriptor);
        } catch {
          // Then a stale name stays, and nothing else is wrong.
        } finally {
          fs.closeSync(descriptor);
        }
      },
    };
  },
});

/** A rename or removal is on disk only when its folder is. */
function flushFolder(folder: string): void {
  const descriptor = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/**
 * flock(2) through the `flock` program, handed our open file as its descriptor 3: the lock
 * belongs to the open file, so it stays ours when that program has ended.
 * util-linux and busybox both answer 1 when somebody else has it.
 */
function isLockedElsewhere(
  descriptor: number,
  file: string,
  searchPath: string | undefined,
): boolean {
  const flock = spawnSync('flock', ['-n', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', descriptor],
    env: { PATH: searchPath },
    timeout: 10_000,
  });
  if (flock.status === 0) return false;
  // A signal to our whole group ends it as well; ours is told of it at the next wait.
  if (flock.status === 1 || (flock.signal !== null && !flock.error)) return true;
  fs.closeSync(descriptor);
  if (flock.error !== undefined && 'code' in flock.error && flock.error.code === 'ENOENT') {
    throw new ConfigError('the program flock is not on PATH', {
      hint: 'install util-linux (on Alpine, busybox has it)',
    });
  }
  throw new StateError(
    `cannot lock ${file}: flock ended with ${flock.status ?? String(flock.error)}`,
    {
      hint: 'the log directory must lie on a file system with locks',
      cause: flock.error,
    },
  );
}

function attempt<T>(what: string, file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'error';
    throw new StateError(`cannot ${what} ${file}: ${code}`, {
      hint: 'check the log directory, its permissions and its free space',
      cause: error,
    });
  }
}
