import path from 'node:path';
import { MemoryFolder, type FolderWatcher } from './memory-folder.js';
import type { RunRecord } from './run-record.js';
import type { ScenarioHost } from './scenario-host.js';

export const logDir = '/log';

/** A check that failed: the program did something that it must not do. */
export class FailedCheckError extends Error {
  override name = 'FailedCheckError' as const;
}

/** Everything recorded about the runs of one schedule, and the first check that failed. */
export class ScheduleRecord {
  readonly folder: MemoryFolder;
  readonly runs = new Map<number, RunRecord>();
  /** Requests that may have been carried out and must not be sent again, as `create NAME`. */
  readonly maybeDone = new Set<string>();
  /** The base that each upload requested; empty for a full. */
  readonly uploadsRequested = new Map<string, string>();
  /** The backups that runs recorded for each host, oldest first. */
  private readonly recorded = new Map<string, string[]>();
  /** The log directory was emptied, so used names are forgotten. */
  hasLostFiles = false;
  /** The first check that failed. */
  failedCheck: FailedCheckError | undefined;
  /** Counts of requests and writes, exit codes, and recorded backups. */
  readonly tally = new Map<string, number>();

  constructor(watcher: (schedule: ScheduleRecord) => FolderWatcher) {
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

  expect(isMet: boolean, run: RunRecord, failure: string): void {
    if (isMet || this.failedCheck !== undefined) return;
    const { host, step, id } = run;
    this.failedCheck = new FailedCheckError(
      `${failure} (run ${id}, ${host.name}: ${step.command})`,
    );
  }

  file(name: string): string | undefined {
    return this.folder.files.get(path.join(logDir, name));
  }

  lastBackup({ host }: RunRecord): string | undefined {
    return this.file(`.${host.name}_last_backup`);
  }

  recordedOn({ name }: Pick<ScenarioHost, 'name'>): string[] {
    const names = this.recorded.get(name) ?? [];
    this.recorded.set(name, names);
    return names;
  }

  /** Returns the journal of the run's host, if it can be read. */
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
