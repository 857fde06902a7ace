import type { ListedBackup } from './list-backups.js';

/** Returns the newest `count` backups; other entries of the storage are none. */
export function findNewest(listed: readonly ListedBackup[], count: number): Set<ListedBackup> {
  const backups = listed.filter(({ backup }) => backup.state !== 'foreign');
  return new Set(backups.sort((one, other) => timeOf(one) - timeOf(other)).slice(-count));
}

/**
 * Returns when a backup was created, as far as is known. For a name that chbackup did not create, this
 * is the server's text read as UTC, up to 14 hours off (clickhouse-backup-api.md#creation-times).
 */
function timeOf({ createdMs, backup }: ListedBackup): number {
  if (createdMs !== undefined) return createdMs;
  const ms = Date.parse(`${backup.created.replace(' ', 'T')}Z`);
  return Number.isNaN(ms) ? Date.UTC(1) : ms;
}
