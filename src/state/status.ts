import * as z from 'zod/mini';
import type { BackupKind } from '../backup/backup.js';

/** A run of a command that held the host's lock. */
export interface CommandRun {
  /** The backup it worked on; undefined if it did not choose one, and for deletes. */
  backup: string | undefined;
  /** The base of that backup; undefined for a full upload. */
  base: string | undefined;
  /** The replica that did the work, HOST as in file names; undefined if none was chosen. */
  replica: string | undefined;
  /** When it got the lock. */
  startedAt: Date;
  finishedAt: Date;
  /** The time between the two, even if the clock was set meanwhile. */
  seconds: number;
  /** That of the work; a result that could not be written to stdout afterwards does not count. */
  exitCode: number;
  /** Without secrets; undefined for exit code 0. */
  error: string | undefined;
}

/** A backup that was verified and recorded. */
export interface RecordedBackup {
  backup: string;
  /** undefined for a full upload. */
  base: string | undefined;
  /** The replica that made it, HOST as in file names; undefined in files of earlier versions. */
  replica: string | undefined;
  /** When its name was given, right before the create was requested. */
  createdAt: Date;
  recordedAt: Date;
  /** Bytes of all data of the backup; undefined if the server does not show it. */
  dataBytes: number | undefined;
  /** The number of backups that a restore needs: 1 for a full upload. */
  chainLength: number | undefined;
  /** The full backup that its chain begins with, itself for a full upload; undefined if unknown. */
  fullBackup: string | undefined;
  /** How long the server worked; undefined if the run was interrupted. */
  createSeconds: number | undefined;
  uploadSeconds: number | undefined;
  /**
   * Tables that are not replicated, `db.table`, of which the backup contains the rows of another replica
   * than usual. None if the usual replica made it.
   */
  notReplicated: string[];
}

/** What is known about the runs on one host. Nothing but figures is lost with it. */
export interface Status {
  firstRunAt: Date;
  /** By command, such as `create-full`. */
  lastRuns: Partial<Record<string, CommandRun>>;
  /** A run that fails leaves these as they are. */
  lastSuccess: Partial<Record<BackupKind, RecordedBackup>>;
}

/** ISO 8601 in UTC in the file, so that no time zone changes it. */
const time = z.codec(z.iso.datetime(), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
});

/** null in the file if there is none, so that every field is always there. */
const optionalText = z.codec(z.nullable(z.string()), z.union([z.string(), z.undefined()]), {
  decode: (text) => text ?? undefined,
  encode: (text) => text ?? null,
});
const optionalNumber = z.codec(z.nullable(z.number()), z.union([z.number(), z.undefined()]), {
  decode: (number) => number ?? undefined,
  encode: (number) => number ?? null,
});

/** Missing in files of earlier versions. */
const addedText = z._default(z.nullable(z.string()), null);
const addedOptionalText = z.pipe(
  addedText,
  z.codec(z.nullable(z.string()), z.union([z.string(), z.undefined()]), {
    decode: (text) => text ?? undefined,
    encode: (text) => text ?? null,
  }),
);

const commandRun = z.object({
  backup: optionalText,
  base: optionalText,
  replica: addedOptionalText,
  startedAt: time,
  finishedAt: time,
  seconds: z.number(),
  exitCode: z.number(),
  error: optionalText,
});

const recordedBackup = z.object({
  backup: z.string(),
  base: optionalText,
  replica: addedOptionalText,
  createdAt: time,
  recordedAt: time,
  dataBytes: optionalNumber,
  chainLength: optionalNumber,
  // Not in the files of the first versions.
  fullBackup: z.prefault(optionalText, null),
  createSeconds: optionalNumber,
  uploadSeconds: optionalNumber,
  notReplicated: z._default(z.array(z.string()), []),
});

const schema = z.object({
  firstRunAt: time,
  lastRuns: z.record(z.string(), commandRun),
  lastSuccess: z.partialRecord(z.enum(['FULL', 'DIFF']), recordedBackup),
});

/** Reads the text of a status file; undefined if chbackup did not write it. */
export function parseStatus(text: string): Status | undefined {
  try {
    return z.decode(schema, JSON.parse(text) as z.input<typeof schema>);
  } catch {
    return undefined;
  }
}

export function formatStatus(status: Status): string {
  return `${JSON.stringify(z.encode(schema, status as z.output<typeof schema>), undefined, 2)}\n`;
}

export function withRun(status: Status, command: string, run: CommandRun): Status {
  return { ...status, lastRuns: { ...status.lastRuns, [command]: run } };
}

export function withSuccess(status: Status, kind: BackupKind, success: RecordedBackup): Status {
  return { ...status, lastSuccess: { ...status.lastSuccess, [kind]: success } };
}
