import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { ConfigError, StateError } from '../errors.js';
import { describeErrno, errnoOf } from '../text.js';
import { attempt } from './attempt.js';

/** A lock that this process holds. The kernel releases it when the process ends. */
export interface HeldLock {
  /** Writes who holds the lock into its file, for processes that find it taken. */
  describe(text: string): void;
  release(): void;
}

export const lockLimitMs = 10_000;
/** More than one, because a signal to our process group, such as Ctrl-C, also ends `flock`. */
const mostTries = 3;

/** `held`: another process holds the lock; `holder` is the description that it wrote. */
export type LockAttempt = { kind: 'taken'; lock: HeldLock } | { kind: 'held'; holder: string };

/** Takes the lock of a file if it is free. Never waits. */
export function tryFileLock(file: string, searchPath: string | undefined): LockAttempt {
  const descriptor = attempt('open', file, () => fs.openSync(file, 'a+'));
  let isOurs = false;
  try {
    isOurs = lock(descriptor, file, searchPath);
    return isOurs
      ? { kind: 'taken', lock: heldLock(descriptor) }
      : { kind: 'held', holder: readDescription(file) };
  } finally {
    if (!isOurs) closeQuietly(descriptor);
  }
}

/**
 * Calls flock(2) through the program `flock`, which gets our open file as descriptor 3. The lock
 * belongs to the open file, so it remains ours when that program has ended. Returns false if
 * another process holds the lock.
 */
function lock(descriptor: number, file: string, searchPath: string | undefined): boolean {
  const { status, signal, error, stderr } = runFlock(descriptor, searchPath);
  // Others write to stderr too, such as the loader of shared libraries.
  const words = (stderr ?? '')
    .split('\n')
    .filter((line) => line.startsWith('flock:'))
    .join('\n');
  if (status === 0) return true;
  // util-linux uses 1 only for a lock that is held. busybox uses it for every error as well, but
  // prints the error.
  if (status === 1 && words === '') return false;
  if (isCode(error, 'ENOENT')) {
    throw new ConfigError('the program flock is not on PATH', {
      hint: 'install util-linux or busybox, or check PATH',
    });
  }
  const why =
    (isCode(error, 'ETIMEDOUT') && `flock did not end within ${lockLimitMs / 1000} seconds`) ||
    (error !== undefined && `flock cannot be run: ${describeErrno(error)}`) ||
    (signal !== null && `flock was killed by ${signal}`) ||
    reasonIn(words) ||
    `flock exited with ${status}`;
  throw new StateError(`cannot lock ${file}: ${why}`, {
    hint: 'the log directory must be on a file system that supports locks; use another one with --log-dir',
    cause: error,
  });
}

function runFlock(descriptor: number, searchPath: string | undefined) {
  for (let tries = 1; ; tries++) {
    const result = spawnSync('flock', ['-n', '3'], {
      stdio: ['ignore', 'ignore', 'pipe', descriptor],
      env: { PATH: searchPath },
      encoding: 'utf8',
      timeout: lockLimitMs,
      // A lock request to a network file system that does not answer ignores every other signal.
      killSignal: 'SIGKILL',
    });
    const wasKilled = result.signal !== null && result.error === undefined;
    if (!wasKilled || tries === mostTries) return result;
  }
}

/** Returns the last line that flock printed, without its name and our descriptor's number. */
function reasonIn(words: string): string {
  const line =
    words
      .split('\n')
      .at(-1)
      ?.replace(/^(flock: )+(3: )?/, '') ?? '';
  return line.slice(0, 1).toLowerCase() + line.slice(1, 200);
}

/** Returns the held lock. Its description is only shown, so a failure to write it is ignored. */
export function heldLock(descriptor: number): HeldLock {
  const describe = (text: string) => {
    try {
      fs.ftruncateSync(descriptor);
      fs.writeSync(descriptor, text);
    } catch {
      // The lock is held without a description.
    }
  };
  return {
    describe,
    release() {
      // The next holder must not appear under our description until it has written its own.
      describe('');
      closeQuietly(descriptor);
    },
  };
}

function readDescription(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Closes a descriptor. Linux releases it, and the lock with it, even if close(2) reports an error. */
export function closeQuietly(descriptor: number): void {
  try {
    fs.closeSync(descriptor);
  } catch {
    // An error of close(2) is about an earlier write.
  }
}

function isCode(error: Error | undefined, code: string): boolean {
  return error !== undefined && errnoOf(error) === code;
}
