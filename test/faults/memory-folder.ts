import path from 'node:path';
import { StateError } from '../../src/errors.js';
import type { ProcessDisk } from '../support/lock-in-memory.js';

/** Callbacks for what programs do to the files; each is called afterwards. */
export interface FolderWatcher {
  wrote(owner: number, file: string, text: string, before: string | undefined): void;
  removed(owner: number, file: string, before: string | undefined): void;
  read(owner: number, file: string, text: string | undefined): void;
  failed(owner: number, file: string): void;
  locked(owner: number, file: string): void;
  /** A write was refused although the disk is not full. */
  refused(owner: number, file: string): void;
  lockRefused(owner: number): void;
}

/** The log directory that several programs share, with their locks. */
export class MemoryFolder {
  readonly files = new Map<string, string>();
  /** The owner of each lock, and the text that the owner wrote into it. */
  readonly locks = new Map<string, { owner: number; text: string }>();
  /** Which writes fail, as on a full disk. */
  full: 'appends' | 'all' | undefined;
  /** Files that cannot be written, as with permissions of another user. */
  readonly refused = new Set<string>();
  /** Whether locking fails, as on a file system without locks. */
  refusesLocks = false;
  private readonly watcher: FolderWatcher;

  constructor(watcher: FolderWatcher) {
    this.watcher = watcher;
  }

  /** Returns the disk as one program sees it. */
  diskOf(owner: number): ProcessDisk {
    const { files, locks, watcher } = this;
    const attempt = (isFull: boolean, file: string) => {
      if (!isFull) return;
      watcher.failed(owner, path.basename(file));
      throw new StateError(`cannot write ${file}: ENOSPC`);
    };
    const free = (file: string) => {
      if (locks.get(file)?.owner === owner) locks.delete(file);
    };
    return {
      makeFolder: () => undefined,
      read(file) {
        const text = files.get(file);
        watcher.read(owner, path.basename(file), text);
        return text;
      },
      replace: (file, text) => {
        attempt(this.full === 'all', file);
        if (this.refused.has(file)) {
          watcher.refused(owner, path.basename(file));
          throw new StateError(`cannot write ${file}: EACCES`);
        }
        const before = files.get(file);
        files.set(file, text);
        watcher.wrote(owner, path.basename(file), text, before);
      },
      append: (file, text) => {
        attempt(this.full !== undefined, file);
        files.set(file, (files.get(file) ?? '') + text);
      },
      remove(file) {
        const before = files.get(file);
        files.delete(file);
        watcher.removed(owner, path.basename(file), before);
      },
      exists: (file) => files.has(file),
      list: (folder) =>
        [...files.keys()]
          .filter((file) => path.dirname(file) === folder)
          .map((file) => path.basename(file)),
      tryLock: (file) => {
        if (this.refusesLocks) {
          watcher.lockRefused(owner);
          throw new StateError(`cannot lock ${file}: no locks available`);
        }
        const holder = locks.get(file)?.text;
        if (holder !== undefined) return { kind: 'held', holder };
        locks.set(file, { owner, text: '' });
        watcher.locked(owner, path.basename(file));
        const lock = {
          describe(text: string) {
            const own = locks.get(file);
            if (own?.owner === owner) own.text = text;
          },
          release: () => free(file),
        };
        return { kind: 'taken', lock };
      },
      takeFreeLocks: () => Promise.resolve(new Map()),
      peekLock: (file) => {
        const lock = locks.get(file);
        return lock === undefined ? undefined : { description: lock.text, isSeen: true };
      },
      releaseLocks: () => [...locks.keys()].forEach(free),
    };
  }
}
