import path from 'node:path';
import { MemoryFolder, type FolderWatcher } from './memory-folder.js';
import type { RunRecord } from './run-record.js';

export const logDir = '/log';

/** A promise of the program that was broken. */
export class BrokenPromiseError extends Error {
  override name = 'BrokenPromiseError' as const;
}

/** What is known of all runs of one schedule, and which promises they broke. */
export class Ledger {
  readonly folder: MemoryFolder;
  readonly runs = new Map<number, RunRecord>();
  /** Requests that may have been carried out and must never be sent again: `create NAME`. */
  readonly maybeDone = new Set<string>();
  /** The base that was asked of each upload; empty for a full. */
  readonly uploadsAsked = new Map<string, string>();
  /** The first promise that was broken. */
  broken: BrokenPromiseError | undefined;
  /** What happened how often: requests and writes, exit codes, what was recorded. */
  readonly tally = new Map<string, number>();

  constructor(watcher: (ledger: Ledger) => FolderWatcher) {
    this.folder = new MemoryFolder(watcher(this));
  }

  count(what: string): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1);
  }

  run(id: number): RunRecord {
    const found = this.runs.get(id);
    if (found === undefined) throw new Error(`no run ${id}`);
    return found;
  }

  expect(holds: boolean, run: RunRecord, promise: string): void {
    if (holds || this.broken !== undefined) return;
    const { host, step, id } = run;
    this.broken = new BrokenPromiseError(`${promise} (run ${id}, ${host.name}: ${step.command})`);
  }

  file(name: string): string | undefined {
    return this.folder.files.get(path.join(logDir, name));
  }

  lastBackup({ host }: RunRecord): string | undefined {
    return this.file(`.${host.name}_last_backup`);
  }

  /** The journal of that host, if it can be read. */
  journal({ host }: RunRecord): Partial<Record<string, string>> | undefined {
    try {
      const text = this.file(`.${host.name}_run.json`);
      return text === undefined ? undefined : (JSON.parse(text) as Record<string, string>);
    } catch {
      return undefined;
    }
  }

  holdsLock({ host, id }: RunRecord): boolean {
    return this.folder.locks.get(path.join(logDir, `.${host.name}_lock`))?.owner === id;
  }
}
