import { UnreachableError } from '../errors.js';

/**
 * The meaning of an error text of clickhouse-backup, for the texts that chbackup acts on:
 *
 * - `busy`: another operation is running on the server, or on this backup (the program).
 * - `not-found`: the backup is not at that location; a storage that is down reports the same.
 * - `required`: other backups are based on this one.
 * - `no-tables`: there is nothing to back up.
 * - `table-not-in-backup`: no table of the backup matches, or `skip_tables` excludes it.
 * - `replica-active`: another replica of the table appears to be active.
 * - `incomplete`: files of the upload are missing, although lists may show the backup as good.
 * - `remote-base-refused`: nothing was uploaded, because the configuration forbids diff-from-remote.
 * - `not-started`: nothing was uploaded.
 * - `no-table-metadata`: the tables of a backup cannot be read from this kind of remote storage.
 */
export type ServerErrorCode =
  | 'busy'
  | 'not-found'
  | 'required'
  | 'no-tables'
  | 'table-not-in-backup'
  | 'replica-active'
  | 'incomplete'
  | 'remote-base-refused'
  | 'not-started'
  | 'no-table-metadata';

/**
 * Parts of the error texts of each code; the first code that matches wins. Only a part is compared,
 * because from 2.6.40 on error texts begin with names of functions. The texts are from the sources of
 * 2.4.0, 2.4.20, 2.6.30, 2.7.0, 2.8.0 and 2.8.1 unless a comment names other versions.
 */
const texts: Record<ServerErrorCode, readonly string[]> = {
  // clickhouse-backup-api.md#refused-uploads
  incomplete: ['uploadSingleBackupFile'],
  // The server's text, then the program's (since 2.6.27, clickhouse-backup-api.md#program-lock).
  busy: ['another operation is currently running', 'command is already running'],
  // clickhouse-backup-api.md#delete-errors
  'not-found': [
    'is not found on remote storage',
    'is not found on local storage',
    // Since 2.7.0 (clickhouse-backup-api.md#tables-of-a-backup).
    "' not found on remote storage",
  ],
  // 2.8.1 (clickhouse-backup-api.md#delete-errors).
  required: ['is required by'],
  // clickhouse-backup-api.md#no-tables
  'no-tables': ['no tables for backup'],
  // Up to 2.5.9, then since 2.5.10 (clickhouse-backup-api.md#missing-tables).
  'table-not-in-backup': ['no have found schemas by', 'not found schemas by'],
  // Since 2.5.13; earlier versions report no error (clickhouse-backup-api.md#replica-check).
  'replica-active': ['system.replicas'],
  // Since 2.7.0 (clickhouse-backup-api.md#tables-of-a-backup).
  'no-table-metadata': ['does not support `none` and `custom` remote storage'],
  // clickhouse-backup-api.md#remote-bases
  'remote-base-refused': ['`--diff-from-remote` require `upload_by_part`'],
  // Errors before the first file is sent (clickhouse-backup-api.md#refused-uploads). Not listed:
  // `already exists on remote storage`, because that copy may be good, and texts such as
  // `can't connect to …`, which retention and metrics at the end of an upload report too.
  'not-started': [
    'remote_storage shall not be "none" for upload',
    '`upload_concurrency` shall be more than zero',
    'you cannot upload diff from the same backup',
    'choose setup only `--diff-from-remote` or `--diff-from`',
    'incompatible with general->upload_by_part',
    "can't resume for `remote_storage: custom`",
    'resumable state not allowed for `remote_storage: custom`',
    "can't find local backup",
    // Since 2.6.40: errors of disks, the size of parts, the connection to the storage.
    'initDisksPathsAndBackupDestination: ',
    // 2.8.
    "clickhouse-backup can't access clickhouse-server data disks",
    'checkDisksConsistency: ',
    'b.ReadBackupMetadataLocal return error',
    'b.prepareTableListToUpload return error',
    // Errors of the base: up to 2.4, then since 2.5.
    'b.getTablesForUploadDiffLocal return error',
    'b.getTablesForUploadDiffRemote return error',
    'b.getTablesDiffFromLocal return error',
    'b.getTablesDiffFromRemote return error',
  ],
};

const codes = Object.keys(texts) as ServerErrorCode[];

/** Returns the meaning of an error text; undefined if chbackup does not act on it. */
export function serverErrorCode(text: string): ServerErrorCode | undefined {
  return codes.find((code) => texts[code].some((part) => text.includes(part)));
}

/** Returns true if an upload that ended with this error has sent nothing. */
export function isNotStarted(code: ServerErrorCode | undefined): boolean {
  return code === 'not-started' || code === 'remote-base-refused';
}

export const clickHouseHint =
  "check that ClickHouse is running, and the clickhouse.* settings (host, port, username, password) in clickhouse-backup's configuration";

/**
 * Returns the error for a text about ClickHouse; undefined if `text` is about something else, such as a
 * faulty configuration. The text is the same in all versions (clickhouse-backup-api.md#clickhouse-down).
 */
export function clickHouseError(subject: string, text: string): UnreachableError | undefined {
  if (!/can't (connect to clickhouse|get tables)/i.test(text)) return undefined;
  // A code comes from ClickHouse, which therefore answers.
  const verb = /\bcode: \d+/.test(text) ? 'returned an error' : 'does not answer';
  return new UnreachableError(`${subject} ${verb}: ${text}`, { hint: clickHouseHint });
}
