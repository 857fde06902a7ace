import type { Disk } from './disk.js';
import { localStamp } from '../time/local-time.js';
import { ConfigError, StateError } from '../errors.js';
import { harmlessJson, oneLine } from '../text.js';

/**
 * The log of one host, in the bash agent's shape. Opened for each append, so that logrotate may
 * move it at any time. A write that fails does not stop a backup: it is remembered in `failure`.
 */
export class LogFile {
  failure: StateError | undefined;
  private isOpen = false;
  private readonly disk: Disk;
  private readonly file: string;
  private readonly redact: (text: string) => string;

  constructor(disk: Disk, file: string, redact: (text: string) => string) {
    this.disk = disk;
    this.file = file;
    this.redact = redact;
  }

  /** Makes the folder and the file, for those who have nothing to write yet. Throws `ConfigError`. */
  prepare(folder: string): void {
    this.begin(() => {
      this.disk.makeFolder(folder);
      this.disk.append(this.file, '');
    });
  }

  /** Throws `ConfigError`: a run that cannot write its log does not begin. */
  started(nowMs: number): void {
    this.isOpen = true;
    this.begin(() =>
      this.disk.append(this.file, `\n##### started at ${localStamp(nowMs)} #####\n`),
    );
  }

  private begin(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      throw new ConfigError(error.message, {
        hint: 'name a directory that you may write to with --log-dir',
        cause: error,
      });
    }
  }

  /** An answer to a POST, or an operation's final row. */
  answer(body: unknown): void {
    const clean = (_key: string, value: unknown) =>
      typeof value === 'string' ? this.redact(value) : value;
    this.append(`${harmlessJson(JSON.stringify(body, clean, 2))}\n`);
  }

  /** `text` is one of ours, without secrets: it may be printed as well. */
  error(heading: string, text: string): void {
    this.append(`\n${heading}:\n${oneLine(text)}\n-------------\n`);
  }

  /** Only within a run: before and after, the file is another's. */
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
      this.disk.append(this.file, text);
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      this.failure ??= error;
    }
  }
}
