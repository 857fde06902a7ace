import type { ListedBackup } from './list-backups.js';

/** Returns the newest `count` backups. Entries that are not backups do not count. */
export function findNewest(listed: readonly ListedBackup[], count: number): Set<ListedBackup> {
  const backups = listed.filter(({ backup }) => backup.state !== 'foreign');
  const oldestFirst = backups.toSorted((one, other) => {
    const [first, second] = [timeOf(one), timeOf(other)];
    return first === second ? 0 : first < second ? -1 : 1;
  });
  return new Set(oldestFirst.slice(-count));
}

/**
 * Returns when a backup was created, as far as is known. For a name that chbackup did not create, this
 * is the server's text read as UTC, up to 14 hours off (clickhouse-backup-api.md#creation-times).
 */
function timeOf({ createdMs, backup }: ListedBackup): number {
  if (createdMs !== undefined) return createdMs;
  const ms = Date.parse(`${backup.created.replace(' ', 'T')}Z`);
  // Year 1 means unknown.
  return ms > 0 ? ms : -Infinity;
}
