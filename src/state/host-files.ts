import path from 'node:path';
import { isUsableName } from '../backup/names.js';
import { StateError } from '../errors.js';
import type { Disk } from './disk.js';
import type { HeldLock, LockAttempt } from './file-lock.js';
import { formatJournal, type Journal, type JournalFile, parseJournal } from './journal.js';
import type { PeekedLock } from './peek-lock.js';
import { lastBackupSuffix } from './log-directory.js';
import { formatStatus, parseStatus, type Status } from './status.js';

export type LastBackup = { kind: 'named'; name: string } | { kind: 'none'; reason: string };

/** A host in file names. */
export interface ReplicaName {
  fileName: string;
  agentFileName: string;
}

interface HostPaths {
  owner: string;
  logFile: string;
  lastBackupFile: string;
  statusFile: string;
  agentFile: string;
  agentLock: string;
  journalFile: string;
}

function pathsOf(folder: string, { fileName: host, agentFileName }: ReplicaName): HostPaths {
  return {
    owner: host,
    logFile: path.join(folder, `${host}_backup_ch.log`),
    lastBackupFile: path.join(folder, `.${host}${lastBackupSuffix}`),
    statusFile: path.join(folder, `.${host}_status.json`),
    agentFile: path.join(folder, `.${agentFileName}${lastBackupSuffix}`),
    agentLock: path.join(folder, `.${agentFileName}_lock`),
    journalFile: path.join(folder, `.${host}_run.json`),
  };
}

/** The files of one host, or of a shard, in the log directory. Their names are those of the bash agent. */
export class HostFiles {
  private readonly lockFiles: readonly string[];
  private readonly disk: Disk;
  private readonly folder: string;
  private readonly replicas: readonly ReplicaName[];
  private readonly chooseOwner: (() => ReplicaName) | undefined;
  private paths: HostPaths;

  /**
   * `agentHost` is the host in the bash agent's file names, which keep underscores. `replicas`: those of
   * the shard, itself included, whose locks it needs. `chooseOwner`: returns the replica after which the
   * files are named, once the locks are held: before that, another run may have written files.
   */
  constructor(
    disk: Disk,
    folder: string,
    host: string,
    agentHost = host,
    replicas: readonly ReplicaName[] = [{ fileName: host, agentFileName: agentHost }],
    chooseOwner?: () => ReplicaName,
  ) {
    this.disk = disk;
    this.folder = folder;
    this.paths = pathsOf(folder, { fileName: host, agentFileName: agentHost });
    // Sorted, so that two runs that name the replicas in different orders cannot wait for each other.
    this.lockFiles = replicas
      .map(({ fileName }) => path.join(folder, `.${fileName}_lock`))
      .toSorted();
    this.replicas = replicas;
    this.chooseOwner = chooseOwner;
  }

  /** The host after which they are named. May change when the lock is taken, not later. */
  get owner(): string {
    return this.paths.owner;
  }

  get logFile(): string {
    return this.paths.logFile;
  }

  get lastBackupFile(): string {
    return this.paths.lastBackupFile;
  }

  get statusFile(): string {
    return this.paths.statusFile;
  }

  /**
   * Returns true if the log directory has a file of this host, or if that cannot be found out: then
   * creating the log file fails with the reason.
   */
  exist(): boolean {
    try {
      const own = [this.logFile, this.paths.journalFile, ...this.lockFiles, this.statusFile];
      return [...own, ...this.lastBackupFiles()].some((file) => this.disk.exists(file));
    } catch (error) {
      if (error instanceof StateError) return true;
      throw error;
    }
  }

  /** True if a run has left a last-backup file, a journal or a status file here. */
  hasState(): boolean {
    const files = [...this.lastBackupFiles(), this.paths.journalFile, this.statusFile];
    return files.some((file) => this.disk.read(file) !== undefined);
  }

  /** Takes all locks or none. Then chooses after which replica the files are named. */
  async tryLock(): Promise<LockAttempt> {
    const free = new Map(await this.disk.takeFreeLocks(this.lockFiles));
    const locks: HeldLock[] = [];
    const release = () => {
      for (const lock of [...free.values(), ...locks.toReversed()]) lock.release();
    };
    try {
      for (const file of this.lockFiles) {
        const lock = free.get(file);
        free.delete(file);
        const attempt = lock ? { kind: 'taken' as const, lock } : this.disk.tryLock(file);
        if (attempt.kind === 'held') {
          release();
          return attempt;
        }
        locks.push(attempt.lock);
      }
      if (this.chooseOwner !== undefined) this.paths = pathsOf(this.folder, this.chooseOwner());
    } catch (error) {
      release();
      throw error;
    }
    const describe = (text: string) => {
      for (const lock of locks) lock.describe(text);
    };
    return { kind: 'taken', lock: { describe, release } };
  }

  /** Returns who holds a lock of the shard; undefined if nobody does. Neither takes nor changes any. */
  peekLock(): PeekedLock | undefined {
    const found = this.lockFiles.flatMap((file) => this.disk.peekLock(file) ?? []);
    return found.find(({ isSeen }) => isSeen) ?? found[0];
  }

  /** Reads the name in the last-backup file. */
  readLastBackup(): LastBackup {
    for (const file of this.lastBackupFiles()) {
      const text = this.disk.read(file);
      if (text === undefined) continue;
      const name = text.trim();
      if (name === '') return { kind: 'none', reason: `${file} is empty` };
      if (!isUsableName(name)) return { kind: 'none', reason: `${file} does not name a backup` };
      return { kind: 'named', name };
    }
    return { kind: 'none', reason: 'there is no last-backup file' };
  }

  /** True if a last-backup file of the log directory is that of one of the shard's replicas. */
  isOwnLastBackup(file: string): boolean {
    return this.replicas.some(({ fileName, agentFileName }) => {
      return new HostFiles(this.disk, this.folder, fileName, agentFileName)
        .lastBackupFiles()
        .includes(file);
    });
  }

  /** Records the last backup, and removes the bash agent's file, which is now outdated. */
  recordLastBackup(name: string): void {
    const [file, ...older] = this.lastBackupFiles();
    this.disk.replace(file, name);
    // Removing a file that does not exist would flush the folder once more.
    for (const one of older) if (this.disk.exists(one)) this.disk.remove(one);
  }

  /**
   * Returns our last-backup file and the bash agent's. The agent's is left out if it is our file for
   * another host: the host `a:1` is `a_1` in file names.
   */
  private lastBackupFiles(): [string, ...string[]] {
    if (this.paths.agentFile === this.lastBackupFile) return [this.lastBackupFile];
    const isAnothers = this.disk.read(this.paths.agentLock) !== undefined;
    return isAnothers ? [this.lastBackupFile] : [this.lastBackupFile, this.paths.agentFile];
  }

  readJournal(): JournalFile {
    return parseJournal(this.disk.read(this.paths.journalFile), this.owner);
  }

  writeJournal(journal: Journal): void {
    this.disk.replace(this.paths.journalFile, formatJournal(journal));
  }

  /**
   * Is not flushed: if the machine loses power and the journal is back, the next run recovers it once more,
   * as if this run had been killed right before. The journal of a later run replaces it durably.
   */
  removeJournal(): void {
    this.disk.remove(this.paths.journalFile, 'later');
  }

  /** Returns undefined if there is no status file, or not one that chbackup wrote. Throws `StateError`. */
  readStatus(): Status | undefined {
    return parseStatus(this.disk.read(this.statusFile) ?? '');
  }

  /** Only figures are in it, so an older text after a loss of power does no harm. */
  writeStatus(status: Status): void {
    this.disk.replace(this.statusFile, formatStatus(status), 'later');
  }
}
