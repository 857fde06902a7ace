import path from 'node:path';
import type { Disk } from './disk.js';
import { localStamp } from '../time/local-time.js';
import { ConfigError, StateError } from '../errors.js';
import { harmlessJson, oneLine } from '../text.js';

/** The files of a host; those of a shard may be chosen again when its lock is taken. */
type LogOwner = { readonly logFile: string };

/**
 * The log file of one host, in the bash agent's format. It is opened for each write, so that logrotate
 * may move it at any time. A failed write does not stop a backup; the first error is in `failure`.
 */
export class LogFile {
  failure: StateError | undefined;
  private isOpen = false;
  private readonly disk: Disk;
  private readonly owner: LogOwner;
  private readonly redact: (text: string) => string;

  constructor(disk: Disk, owner: LogOwner, redact: (text: string) => string) {
    this.disk = disk;
    this.owner = owner;
    this.redact = redact;
  }

  /** Creates the folder and the file without writing anything. Throws `ConfigError`. */
  prepare(): void {
    this.begin(() => {
      this.disk.makeFolder(path.dirname(this.owner.logFile));
      this.disk.append(this.owner.logFile, '');
    });
  }

  /** Begins a run. Throws `ConfigError` if the log file cannot be written: then no run may begin. */
  started(nowMs: number): void {
    this.isOpen = true;
    this.begin(() =>
      this.disk.append(this.owner.logFile, `\n##### started at ${localStamp(nowMs)} #####\n`),
    );
  }

  private begin(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      const { message, hint } = error;
      throw new ConfigError(message, { ...(hint !== undefined && { hint }), cause: error });
    }
  }

  /** Logs a response to a POST, or the final row of an operation. */
  answer(body: unknown): void {
    const clean = (_key: string, value: unknown) =>
      typeof value === 'string' ? this.redact(value) : value;
    this.append(`${harmlessJson(JSON.stringify(body, clean, 2))}\n`);
  }

  /** Logs an error; `text` is without secrets. */
  error(heading: string, text: string): void {
    this.append(`\n${heading}:\n${oneLine(text)}\n-------------\n`);
  }

  /** Logs a warning within a run; before and after it, the file may belong to another process. */
  warning(text: string): void {
    if (this.isOpen) this.error('WARNING', text);
  }

  note(text: string): void {
    if (this.isOpen) this.error('NOTE', text);
  }

  finished(nowMs: number): void {
    this.isOpen = false;
    this.append(`\n##### finished at ${localStamp(nowMs)} #####\n`);
  }

  private append(text: string): void {
    try {
      this.disk.append(this.owner.logFile, text);
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      this.failure ??= error;
    }
  }
}
