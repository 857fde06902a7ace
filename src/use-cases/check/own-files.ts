import { StateError } from '../../errors.js';
import type { HostFiles, LastBackup } from '../../state/host-files.js';
import type { JournalFile } from '../../state/journal.js';
import type { Status } from '../../state/status.js';
import { parseLocalTime } from '../../time/local-time.js';
import { readHolder } from '../host-lock.js';

/** A chbackup that holds the lock of the shard, or held it when it was killed. */
export interface LockHolder {
  command: string;
  /** When it got the lock, ms since 1970; undefined if that is unknown. */
  sinceMs: number | undefined;
  /** False: no process of this machine, or of this container, holds the lock. */
  isSeen: boolean;
}

/** What the files of the shard in the log directory say. */
export interface OwnFiles {
  lastBackup: LastBackup;
  journal: JournalFile;
  status: Status | undefined;
  holder: LockHolder | undefined;
  /** False: the log directory has no file of the shard, so nothing is known about its runs. */
  exist: boolean;
  /** Why the files could not be read; undefined if they could, or if there are none. */
  problem: string | undefined;
}

/** Reads the files without changing them and without taking the lock. */
export function readOwnFiles(files: HostFiles): OwnFiles {
  try {
    return {
      lastBackup: files.readLastBackup(),
      journal: files.readJournal(),
      status: files.readStatus(),
      holder: readLockHolder(files),
      exist: files.exist(),
      problem: undefined,
    };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return {
      lastBackup: { kind: 'none', reason: error.message },
      journal: { kind: 'none' },
      status: undefined,
      holder: undefined,
      exist: true,
      problem: error.message,
    };
  }
}

function readLockHolder(files: HostFiles): LockHolder | undefined {
  const found = files.peekLock();
  if (found === undefined) return undefined;
  const holder = readHolder(found.description);
  if (holder === undefined && !found.isSeen) return undefined;
  return {
    command: holder?.command ?? '',
    sinceMs: holder === undefined ? undefined : parseLocalTime(holder.since),
    isSeen: found.isSeen,
  };
}
