import path from 'node:path';
import type { Disk } from './disk.js';
import type { CreationTimes } from '../backup/names.js';
import { readCreationTimes } from './used-names.js';

export const lastBackupSuffix = '_last_backup';

/** A last-backup file and the backup that it names. */
export interface RecordedName {
  file: string;
  name: string;
}

export interface EarlierBackups {
  lastBackups: readonly RecordedName[];
  creationTimes: CreationTimes;
}

/** The log directory with the files of all hosts. */
export class LogDirectory {
  private readonly disk: Disk;
  private readonly folder: string;
  private earlierLast: readonly RecordedName[] | undefined;
  private times: CreationTimes | undefined;

  constructor(disk: Disk, folder: string) {
    this.disk = disk;
    this.folder = folder;
  }

  /**
   * Returns what was in the log directory when a shard of the command asked first: enough for what is only
   * shown, and read once for all shards.
   */
  earlier(): EarlierBackups {
    this.earlierLast ??= this.readLastBackups();
    return { lastBackups: this.earlierLast, creationTimes: this.earlierTimes() };
  }

  earlierTimes(): CreationTimes {
    this.times ??= this.readCreationTimes();
    return this.times;
  }

  /** Returns when each name was given, ms since 1970, as far as that is recorded. */
  readCreationTimes(): CreationTimes {
    return readCreationTimes(this.disk, this.folder);
  }

  /** Returns the last-backup files of all hosts, each with the backup that it names. */
  readLastBackups(): RecordedName[] {
    return this.disk
      .list(this.folder)
      .filter((file) => file.startsWith('.') && file.endsWith(lastBackupSuffix))
      .map((file) => path.join(this.folder, file))
      .map((file) => ({ file, name: (this.disk.read(file) ?? '').trim() }))
      .filter(({ name }) => name !== '');
  }

  /** Removes a file that `readLastBackups` returned. */
  removeLastBackup(file: string): void {
    this.disk.remove(file);
  }
}
