import path from 'node:path';
import * as z from 'zod/mini';
import type { BackupKind } from '../backup/backup.js';
import { isUsableName } from '../backup/names.js';
import type { Disk } from './disk.js';
import type { HeldLock } from './file-lock.js';
import { lastBackupSuffix } from './log-directory.js';

/**
 * What a run has begun, kept until its outcome is known: if the run is killed, the next one
 * reads here what to look for.
 */
export interface Journal {
  kind: BackupKind;
  backup: string;
  /** The base asked of the upload; empty for a full upload. */
  base: string;
  /** `upload`: the request to upload may have been sent. */
  phase: 'create' | 'upload';
  /** Local time, for people. */
  startedAt: string;
  /** What the last-backup file said when the run began; empty if there was none. */
  lastBackup: string;
}

const journalSchema = z.object({
  kind: z.enum(['FULL', 'DIFF']),
  backup: z.string().check(z.refine(isUsableName)),
  base: z.string(),
  phase: z.enum(['create', 'upload']),
  startedAt: z.string(),
  lastBackup: z.string(),
});

/** The files of one host in the log directory; their names are those of the bash agent. */
export class HostFiles {
  readonly logFile: string;
  readonly lastBackupFile: string;
  private readonly agentFile: string;
  private readonly agentLock: string;
  private readonly journalFile: string;
  private readonly lockFile: string;
  private readonly disk: Disk;

  /** `agentHost`: the host in the bash agent's file names, where an underscore stays one. */
  constructor(disk: Disk, folder: string, host: string, agentHost = host) {
    this.disk = disk;
    this.logFile = path.join(folder, `${host}_backup_ch.log`);
    this.lastBackupFile = path.join(folder, `.${host}${lastBackupSuffix}`);
    this.agentFile = path.join(folder, `.${agentHost}${lastBackupSuffix}`);
    this.agentLock = path.join(folder, `.${agentHost}_lock`);
    this.journalFile = path.join(folder, `.${host}_run.json`);
    this.lockFile = path.join(folder, `.${host}_lock`);
  }

  tryLock(): HeldLock | { heldBy: string } {
    return this.disk.tryLock(this.lockFile);
  }

  /** The name in the last-backup file, or why there is none to use. */
  readLastBackup(): { name: string } | { missing: string } {
    for (const file of this.lastBackupFiles()) {
      const text = this.disk.read(file);
      if (text === undefined) continue;
      const name = text.trim();
      if (name === '') return { missing: `${file} is empty` };
      if (!isUsableName(name)) return { missing: `${file} names no backup` };
      return { name };
    }
    return { missing: 'there is no last-backup file' };
  }

  /** From now on the agent's file says nothing any more. */
  recordLastBackup(name: string): void {
    const [file, ...older] = this.lastBackupFiles();
    this.disk.replace(file, name);
    for (const one of older) this.disk.remove(one);
  }

  /** Ours, then the agent's, unless that is another host's of ours: `a:1` is `a_1` in file names. */
  private lastBackupFiles(): [string, ...string[]] {
    if (this.agentFile === this.lastBackupFile) return [this.lastBackupFile];
    const isAnothers = this.disk.read(this.agentLock) !== undefined;
    return isAnothers ? [this.lastBackupFile] : [this.lastBackupFile, this.agentFile];
  }

  /** `unreadable`: there is one, but nothing can be learnt from it. */
  readJournal(): Journal | undefined | 'unreadable' {
    const text = this.disk.read(this.journalFile);
    if (text === undefined) return undefined;
    try {
      return journalSchema.parse(JSON.parse(text));
    } catch {
      return 'unreadable';
    }
  }

  writeJournal(journal: Journal): void {
    this.disk.replace(this.journalFile, `${JSON.stringify(journal)}\n`);
  }

  removeJournal(): void {
    this.disk.remove(this.journalFile);
  }
}
