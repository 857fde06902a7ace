import { OperationFailedError } from '../errors.js';

// A storage that is down lists as empty (clickhouse-backup-api.md#empty-list). Where there must be a
// backup, chbackup does not rely on an empty list.

/** A clause for a list that cannot be relied on. */
export const emptyList = 'the remote storage lists no backups; it may be down';

/**
 * Returns the error for an empty list. `detail` continues "the remote storage of H lists no backups";
 * `ifEmpty` says what to do if the storage really is empty.
 */
export function emptyStorage(host: string, detail: string, ifEmpty: string): OperationFailedError {
  return new OperationFailedError(`the remote storage of ${host} lists no backups${detail}`, {
    hint: `a remote storage that is down also looks empty; if it really is empty, ${ifEmpty}`,
  });
}

/** The same if `name` was uploaded to the storage, as `lastBackupFile` says. */
export function lastBackupNotListed(
  host: string,
  name: string,
  lastBackupFile: string,
): OperationFailedError {
  const detail = `, although ${name} was uploaded to it`;
  return emptyStorage(host, detail, `remove ${lastBackupFile}`);
}

/**
 * Returns the error for a storage that cannot be relied on, for example because it does not list a backup
 * which it listed a moment ago. `unknown` says what cannot be found out because of that.
 */
export function inDoubtError(
  host: string,
  unknown: string,
  { isListEmpty, reason }: { isListEmpty: boolean; reason: string },
): OperationFailedError {
  const detail = `, so nothing was created: ${unknown}`;
  if (isListEmpty) return emptyStorage(host, detail, 'run create-full');
  return new OperationFailedError(`${reason}${detail}`, {
    hint: 'run again later, or run create-full, which needs no other backup',
  });
}
