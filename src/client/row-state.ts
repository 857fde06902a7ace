import type { Backup, BackupState } from '../backup/backup.js';
import { parseBackupName } from '../backup/names.js';

/**
 * The descriptions of a folder, or on a remote storage a file, without a metadata.json. All other
 * `broken` texts mean that a metadata.json exists (clickhouse-backup-api.md#descriptions).
 */
const withoutMetadata = new Set([
  "broken (can't stat metadata.json)",
  'broken metadata.json not found',
]);

/**
 * Returns the state of a copy, from the description in its row: `tar, regular` or `directory, embedded`
 * for a good copy on the remote storage, `regular` for a local one. Every reason why a copy is broken
 * begins with `broken`, except for local metadata that is not JSON
 * (clickhouse-backup-api.md#descriptions). A backup with another client's name looks foreign while it
 * is uploaded, because its metadata.json comes last (clickhouse-backup-api.md#running-uploads).
 */
export function stateOf({
  name,
  location,
  description,
}: Pick<Backup, 'name' | 'location' | 'description'>): BackupState {
  if (isOldFormat(description) || withoutMetadata.has(description)) {
    if (parseBackupName(name) === undefined) return 'foreign';
    return isOldFormat(description) ? 'old-format' : 'broken';
  }
  if (description.startsWith('broken')) return 'broken';
  if (location === 'local' && description.startsWith('parse metadata.json error')) return 'broken';
  return 'ok';
}

/** Returns true for the description `old-format`, up to 2.4; the program lists `tar, old-format`. */
export function isOldFormat(description: string): boolean {
  return description.split(', ').includes('old-format');
}
