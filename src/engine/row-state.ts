import type { BackupState, Location } from '../backup/backup.js';

/**
 * What a row's description says of the copy (contract §5). A sound one is its format and its tags:
 * `tar, regular`, `directory, embedded` on the remote storage, `regular` locally. Every reason why
 * a copy is broken begins with `broken`, but one: local metadata that is no JSON.
 */
export function stateOf(location: Location, description: string): BackupState {
  if (description.startsWith('broken')) return 'broken';
  if (location === 'local' && description.startsWith('parse metadata.json error')) return 'broken';
  // Up to 2.4.x; the program's own list has the format before it (`tar, old-format`).
  if (description.split(', ').includes('old-format')) return 'old-format';
  return 'sound';
}
