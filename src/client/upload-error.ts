/**
 * What the text of a failed upload says about the files on the remote storage:
 * `not-started`: nothing was sent; `remote-base-refused`: nothing was sent, because the server's
 * configuration does not allow diff-from-remote; `incomplete`: some of its own files are missing,
 * although its metadata may be there and list as sound.
 */
export type UploadFailure = 'not-started' | 'remote-base-refused' | 'incomplete';

/**
 * Errors of the checks before the first file is sent, and of nothing later. Read in
 * `pkg/backup/upload.go` of 2.4.0, 2.4.20, 2.6.30, 2.7.0, 2.8.0 and 2.8.1; from 2.6.40 on with
 * `validateUploadParams: ` and the like before them. Not here: `already exists on remote storage`
 * (there is a copy, the list decides) and whatever retention and metrics, which come last, may say
 * too, such as `can't connect to …`.
 */
const beforeStart = [
  'remote_storage shall not be "none" for upload',
  '`upload_concurrency` shall be more than zero',
  'you cannot upload diff from the same backup',
  'choose setup only `--diff-from-remote` or `--diff-from`',
  'incompatible with general->upload_by_part',
  // 2.4, then since 2.5.
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
];

/** Retention and metrics fail later, when all is uploaded (contract §3): those texts say nothing. */
export function uploadFailureOf(text: string): UploadFailure | undefined {
  if (text.includes('uploadSingleBackupFile')) return 'incomplete';
  if (text.includes('`--diff-from-remote` require `upload_by_part`')) return 'remote-base-refused';
  return beforeStart.some((part) => text.includes(part)) ? 'not-started' : undefined;
}

/** True if the upload ended before anything was sent. */
export function isNotStarted(failure: UploadFailure | undefined): boolean {
  return failure === 'not-started' || failure === 'remote-base-refused';
}
