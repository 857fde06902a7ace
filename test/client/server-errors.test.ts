import { expect, test } from 'vitest';
import { isNotStarted, serverErrorCode } from '../../src/client/server-errors.js';

const noRemote =
  'general->remote_storage shall not be "none" for upload, change you config or use REMOTE_STORAGE environment variable';
const byPart =
  '`--diff-from-remote` require `upload_by_part` equal true in `general` config section';

/** Errors of 2.4.0 to 2.8.1; from 2.6.40 on, the function name comes first. */
test.each([
  [noRemote, 'not-started'],
  [`validateUploadParams: ${noRemote}`, 'not-started'],
  [byPart, 'remote-base-refused'],
  [`validateUploadParams: ${byPart}`, 'remote-base-refused'],
  ['`upload_concurrency` shall be more than zero', 'not-started'],
  ['you cannot upload diff from the same backup', 'not-started'],
  ['choose setup only `--diff-from-remote` or `--diff-from`, not both', 'not-started'],
  ['ftp->`compression_format`=none incompatible with general->upload_by_part=false', 'not-started'],
  ["can't resume for `remote_storage: custom`", 'not-started'],
  ["can't find local backup: backup 'FULL' is not found", 'not-started'],
  [
    'b.getTablesForUploadDiffLocal return error: open FULL/metadata.json: no such file or directory',
    'not-started',
  ],
  ['b.getTablesDiffFromRemote return error: FULL not found on remote storage', 'not-started'],
  ['initDisksPathsAndBackupDestination: b.CalculateMaxSize: code: 47', 'not-started'],
  ['b.uploadSingleBackupFile return error: 550 no space', 'incomplete'],
  // The upload may be complete, or another backup may have this name: the list decides.
  ["can't remove old backups on remote storage: 421 too many logins", undefined],
  ["can't remove old local backups: can't connect to clickhouse: connection refused", undefined],
  ["can't connect to remote storage: dial tcp: connection refused", undefined],
  ["'FULL' already exists on remote storage", undefined],
  ['another operation is currently running', 'busy'],
  [
    'another clickhouse-backup `upload` command is already running 2026-11-22T13:00:00Z (pid=12)',
    'busy',
  ],
  ["'FULL' is not found on remote storage", 'not-found'],
  ["'FULL' is not found on local storage", 'not-found'],
  ["'FULL' is required by remote backup(s) DIFF, deleting it breaks the chain", 'required'],
  ['no tables for backup', 'no-tables'],
  ['no have found schemas by shop.t in FULL', 'table-not-in-backup'],
  ['getTablesForRestoreLocal: not found schemas by shop.t in FULL', 'table-not-in-backup'],
  [
    "shop.t can't restore cause system.replicas entries already exists and replication in progress",
    'replica-active',
  ],
  ['context canceled', undefined],
  ['', undefined],
] as const)('%j: %s', (text, code) => {
  expect(serverErrorCode(text)).toBe(code);
  expect(isNotStarted(code)).toBe(code === 'not-started' || code === 'remote-base-refused');
});
