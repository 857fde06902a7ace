import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Journal {
  backup: string;
  base: string;
  phase: 'create' | 'upload';
}

/** The files of a host in the log directory of a test. */
export class HostFiles {
  private readonly logDir: string;
  private readonly host: string;

  /** `host` is the host in file names. */
  constructor(logDir: string, host: string) {
    this.logDir = logDir;
    this.host = host;
  }

  /** Returns the name in the last-backup file, or undefined without one. */
  lastBackup(): string | undefined {
    return this.read(`.${this.host}_last_backup`);
  }

  /** Returns the journal that an interrupted run left. */
  journal(): Journal | undefined {
    const text = this.read(`.${this.host}_run.json`);
    return text === undefined ? undefined : (JSON.parse(text) as Journal);
  }

  /** Waits until the running `chbackup` is in `phase`; returns its journal. */
  async waitForPhase(phase: Journal['phase']): Promise<Journal> {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(2)) {
      const journal = this.journal();
      if (journal?.phase === phase) return journal;
    }
    throw new Error(`no run reached the phase ${phase}`);
  }

  log(): string {
    return this.read(`${this.host}_backup_ch.log`) ?? '';
  }

  private read(file: string): string | undefined {
    const full = path.join(this.logDir, file);
    return existsSync(full) ? readFileSync(full, 'utf8') : undefined;
  }
}
