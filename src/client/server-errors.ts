import { UnreachableError } from '../errors.js';

/**
 * What an error text of clickhouse-backup means, if chbackup decides anything by it:
 *
 * - `busy`: another operation is running on the server, or on this backup (the program).
 * - `not-found`: the backup is not at that location; a storage that is down says it too.
 * - `required`: other backups are based on this one.
 * - `no-tables`: there is nothing to back up.
 * - `table-not-in-backup`: no table of the backup matches, or `skip_tables` excludes it.
 * - `replica-active`: another replica seems to be working on the table.
 * - `incomplete`: files of the upload itself are missing, although its metadata may be there and
 *   list as sound.
 * - `remote-base-refused`: nothing was uploaded, because the configuration forbids diff-from-remote.
 * - `not-started`: nothing was uploaded.
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
  | 'not-started';

/**
 * Parts of error texts, the decisive ones first. Only a part is compared, because from 2.6.40 on the
 * server puts names of functions before the text. Read in the sources of 2.4.0, 2.4.20, 2.6.30,
 * 2.7.0, 2.8.0 and 2.8.1 unless a comment says otherwise.
 */
const texts: Record<ServerErrorCode, readonly string[]> = {
  incomplete: ['uploadSingleBackupFile'],
  // Of the server; then of the program, which since 2.6.27 has a pid file for each backup.
  busy: ['another operation is currently running', 'command is already running'],
  'not-found': ['is not found on remote storage', 'is not found on local storage'],
  // 2.8.1.
  required: ['is required by'],
  'no-tables': ['no tables for backup'],
  // Up to 2.5.9, then since 2.5.10.
  'table-not-in-backup': ['no have found schemas by', 'not found schemas by'],
  // Since 2.5.13; before, such a table is skipped without an error.
  'replica-active': ['system.replicas'],
  'remote-base-refused': ['`--diff-from-remote` require `upload_by_part`'],
  // The checks before the first file is sent. Not here: `already exists on remote storage` (there is
  // a copy, the list decides) and whatever retention and metrics, which come last, may say too, such
  // as `can't connect to …`.
  'not-started': [
    'remote_storage shall not be "none" for upload',
    '`upload_concurrency` shall be more than zero',
    'you cannot upload diff from the same backup',
    'choose setup only `--diff-from-remote` or `--diff-from`',
    'incompatible with general->upload_by_part',
    "can't resume for `remote_storage: custom`",
    'resumable state not allowed for `remote_storage: custom`',
    "can't find local backup",
    // Since 2.6.40: disks, the size of parts, the connection to the storage.
    'initDisksPathsAndBackupDestination: ',
    // 2.8.
    "clickhouse-backup can't access clickhouse-server data disks",
    'checkDisksConsistency: ',
    'b.ReadBackupMetadataLocal return error',
    'b.prepareTableListToUpload return error',
    // The base: up to 2.4, then since 2.5.
    'b.getTablesForUploadDiffLocal return error',
    'b.getTablesForUploadDiffRemote return error',
    'b.getTablesDiffFromLocal return error',
    'b.getTablesDiffFromRemote return error',
  ],
};

const codes = Object.keys(texts) as ServerErrorCode[];

/** The meaning of an error text; undefined: nothing depends on it. */
export function serverErrorCode(text: string): ServerErrorCode | undefined {
  return codes.find((code) => texts[code].some((part) => text.includes(part)));
}

/** True if an upload that ended with this error has sent nothing. */
export function isNotStarted(code: ServerErrorCode | undefined): boolean {
  return code === 'not-started' || code === 'remote-base-refused';
}

export const clickHouseHint =
  "check that ClickHouse is running, and the clickhouse.* settings (host, port, username, password) in clickhouse-backup's configuration";

/**
 * The error for what clickhouse-backup says about its ClickHouse; undefined if `text` is about
 * something else, such as a faulty configuration. All versions from 2.4.0 on begin with these words.
 */
export function clickHouseError(subject: string, text: string): UnreachableError | undefined {
  if (!/can't (connect to clickhouse|get tables)/i.test(text)) return undefined;
  // A code is ClickHouse's own: it does answer, but refuses.
  const verb = /\bcode: \d+/.test(text) ? 'returned an error' : 'does not answer';
  return new UnreachableError(`${subject} ${verb}: ${text}`, { hint: clickHouseHint });
}
