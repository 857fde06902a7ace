import type { Backup } from './backup.js';
import { indexBackups } from './chain.js';

/**
 * Returns the names of the backups that the remote list shows after a backup that is based on them,
 * directly or through others. Remote lists are in the order of the uploads, so such a backup was
 * uploaded again, and may be incomplete (clickhouse-backup-api.md#incomplete-backups). Uploads of the
 * same second may be listed in any order, so the order only shows which backups to check.
 */
export function findOutOfOrder(remote: readonly Backup[]): Set<string> {
  const index = indexBackups(remote);
  const found = new Set<string>();
  /** The backups listed so far, and all their bases. */
  const needed = new Set<string>();
  for (const { name } of remote) {
    if (needed.has(name)) found.add(name);
    let base = index.get(name)?.required;
    while (base !== undefined && !needed.has(base)) {
      needed.add(base);
      base = index.get(base)?.required;
    }
  }
  return found;
}

/**
 * Returns the backups of a chain that have to be checked: the backup itself, its full backup, then those
 * that are listed out of order. `chain`: the names from the backup down to its full.
 */
export function membersToCheck(remote: readonly Backup[], chain: readonly string[]): string[] {
  const outOfOrder = findOutOfOrder(remote);
  const between = chain.slice(1, -1).filter((name) => outOfOrder.has(name));
  return [...chain.slice(0, 1), ...chain.slice(1).slice(-1), ...between];
}
