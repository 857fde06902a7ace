import fs from 'node:fs';
import path from 'node:path';
import { errnoOf } from '../text.js';
import { attempt } from './attempt.js';
import { type LockAttempt, tryFileLock } from './file-lock.js';
import { FreeLocks, type TakenLocks } from './free-locks.js';
import { type PeekedLock, peekFileLock } from './peek-lock.js';
import { type Flush, flushFolder, replaceFile } from './replace-file.js';

/**
 * The files of the log directory. All methods are synchronous, because the files are small and a crash
 * must find the changes made in order. They throw `StateError`, or `ConfigError` if `flock` is missing.
 */
export interface Disk {
  makeFolder(folder: string): void;
  /** Returns undefined if the file does not exist. */
  read(file: string): string | undefined;
  /**
   * Replaces a file; a crash leaves either the old or the new text. Unless `flush` is `later`, it leaves
   * the new one once this has returned, even if the machine loses power.
   */
  replace(file: string, text: string, flush?: Flush): void;
  append(file: string, text: string): void;
  /** Removes a file if it exists. Unless `flush` is `later`, a crash does not bring it back. */
  remove(file: string, flush?: Flush): void;
  /** Returns true if the folder of the file has its name, also that of a broken link. */
  exists(file: string): boolean;
  /** Returns the names of the files in a folder; none if the folder does not exist. */
  list(folder: string): string[];
  /** Takes the lock of a file if it is free. Never waits. */
  tryLock(file: string): LockAttempt;
  /**
   * Takes those locks of files that are free, together with what others ask for at the same moment. May take
   * fewer: `tryLock` decides about the rest, and says why it cannot be taken.
   */
  takeFreeLocks(files: readonly string[]): Promise<TakenLocks>;
  /** Returns who holds the lock of a file; undefined if nobody does. Neither takes nor changes it. */
  peekLock(file: string): PeekedLock | undefined;
}

/** Returns the real disk; `searchPath` is the PATH that is searched for `flock`. */
export const nodeDisk = (
  searchPath: string | undefined,
  freeLocks = new FreeLocks(searchPath),
): Disk => ({
  makeFolder: (folder) =>
    attempt('create', folder, () => void fs.mkdirSync(folder, { recursive: true })),

  read: (file) => attempt('read', file, () => unlessMissing(() => fs.readFileSync(file, 'utf8'))),

  replace: (file, text, flush) => attempt('write', file, () => replaceFile(file, text, flush)),

  append: (file, text) => attempt('write', file, () => fs.appendFileSync(file, text)),

  remove: (file, flush) =>
    attempt('remove', file, () => {
      fs.rmSync(file, { force: true });
      if (flush !== 'later') flushFolder(path.dirname(file));
    }),

  exists: (file) =>
    attempt('read', file, () => fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined),

  list: (folder) =>
    attempt('read', folder, () => unlessMissing(() => fs.readdirSync(folder)) ?? []),

  tryLock: (file) => tryFileLock(file, searchPath),

  takeFreeLocks: (files) => freeLocks.take(files),
  peekLock: (file) => peekFileLock(file),
});

function unlessMissing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
