import type { BackupKind } from '../backup/backup.js';
import { exitCodeOf } from '../errors.js';
import {
  type CommandRun,
  type RecordedBackup,
  type Status,
  withRun,
  withSuccess,
} from '../state/status.js';
import { presentable } from '../text.js';
import { secondsOf } from '../time/clock.js';
import type { CommandContext } from './context.js';
import { describeError } from './run-log.js';

/**
 * Keeps the host's status file while a command holds the host's lock. Only figures are in that file,
 * so nothing that happens to it stops a run or changes its exit code.
 */
export class RunStatus {
  /** The backup that the command works on, and the base of its upload. */
  backup: string | undefined;
  base: string | undefined;
  /** The replica that does the work. */
  replica: string | undefined;
  readonly startedAt: Date;
  private readonly context: CommandContext;
  private readonly command: string;
  private readonly startMs: number;
  private status: Status;
  /** Why the file could not be read. It is then left as it is: its last success must not be lost. */
  private readFailure: unknown;

  constructor(context: CommandContext, command: string) {
    const { clock, files } = context;
    this.context = context;
    this.command = command;
    this.startedAt = new Date(clock.now());
    this.startMs = clock.elapsed();
    this.status = { firstRunAt: this.startedAt, lastRuns: {}, lastSuccess: {} };
    try {
      this.status = files.readStatus() ?? this.status;
    } catch (error) {
      this.readFailure = error;
    }
  }

  /** Returns the record of a backup; undefined if it is not the last success of its kind. */
  recordOf(backup: string | undefined): RecordedBackup | undefined {
    return Object.values(this.status.lastSuccess).find((each) => each.backup === backup);
  }

  lastSuccess(kind: BackupKind): RecordedBackup | undefined {
    return this.status.lastSuccess[kind];
  }

  /**
   * Writes the last success at once: the journal of its backup still exists, so that the next run
   * writes it if this one is killed.
   */
  recordSuccess<T extends Omit<RecordedBackup, 'recordedAt'>>(
    kind: BackupKind,
    success: T,
  ): T & { recordedAt: Date } {
    const recorded = { ...success, recordedAt: new Date(this.context.clock.now()) };
    this.status = withSuccess(this.status, kind, recorded);
    // If this fails, `recordEnd` tries again.
    this.tryToWrite();
    return recorded;
  }

  /** Writes how the run ended, and returns it. `error` is what it failed with. Warns if it cannot be written. */
  recordEnd(error: unknown): CommandRun {
    const { clock, files, log, report } = this.context;
    const run: CommandRun = {
      backup: this.backup,
      base: this.base,
      replica: this.replica,
      startedAt: this.startedAt,
      finishedAt: new Date(clock.now()),
      seconds: secondsOf(clock.elapsed() - this.startMs),
      exitCode: error === undefined ? 0 : exitCodeOf(error),
      error: error === undefined ? undefined : presentable(describeError(error)),
    };
    this.status = withRun(this.status, this.command, run);
    const failure = this.tryToWrite();
    if (failure === undefined) return run;
    const warning = `the status file ${files.statusFile} is out of date: ${describeError(failure)}`;
    report.warn(warning);
    // The log has its last line already, because the exit code depends on whether it was written.
    log.error('WARNING', warning);
    return run;
  }

  private tryToWrite(): unknown {
    if (this.readFailure !== undefined) return this.readFailure;
    try {
      this.context.files.writeStatus(this.status);
      return undefined;
    } catch (error) {
      return error;
    }
  }
}
