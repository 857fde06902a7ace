import type { Backup, BackupState } from '../backup/backup.js';
import { parseBackupName } from '../backup/names.js';

/**
 * Servers describe a folder, or on remote storages a file, in which they found no metadata.json
 * with one of these texts (read in 2.4.0 to 2.8.1; 2.4.x: local). The other `broken` texts mean
 * that a metadata.json is there.
 */
const withoutMetadata = new Set([
  "broken (can't stat metadata.json)",
  'broken metadata.json not found',
]);

/**
 * Reads the state of a copy from the description in its row (contract §5). A sound copy has its
 * format and its tags there: `tar, regular`, `directory, embedded` on the remote storage, `regular`
 * locally. Every reason why a copy is broken begins with `broken`, except local metadata that is
 * not JSON. A backup that another client uploads under a name of its own looks foreign until its
 * metadata.json, the last file, is uploaded.
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

/** Up to 2.4.x; the program's own list has the format before it (`tar, old-format`). */
export function isOldFormat(description: string): boolean {
  return description.split(', ').includes('old-format');
}
