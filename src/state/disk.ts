import fs from 'node:fs';
import path from 'node:path';
import { errnoOf } from '../text.js';
import { attempt } from './attempt.js';
import { type LockAttempt, tryFileLock } from './file-lock.js';
import { flushFolder, replaceFile } from './replace-file.js';

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
  /** Takes the lock of a file if it is free. Never waits. */
  tryLock(file: string): LockAttempt;
}

/** The real disk; `searchPath` is the PATH on which `flock` is looked for. */
export const nodeDisk = (searchPath: string | undefined): Disk => ({
  makeFolder: (folder) =>
    attempt('make', folder, () => void fs.mkdirSync(folder, { recursive: true })),

  read: (file) => attempt('read', file, () => unlessMissing(() => fs.readFileSync(file, 'utf8'))),

  replace: (file, text) => attempt('write', file, () => replaceFile(file, text)),

  append: (file, text) => attempt('write', file, () => fs.appendFileSync(file, text)),

  remove: (file) =>
    attempt('remove', file, () => {
      fs.rmSync(file, { force: true });
      flushFolder(path.dirname(file));
    }),

  list: (folder) =>
    attempt('read', folder, () => unlessMissing(() => fs.readdirSync(folder)) ?? []),

  tryLock: (file) => tryFileLock(file, searchPath),
});

function unlessMissing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
