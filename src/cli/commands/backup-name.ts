import { isUsableName } from '../../backup/names.js';
import { ConfigError } from '../../errors.js';

/** Returns the name if it is valid for a backup. Throws `ConfigError`. */
export function checkName(name: string): string {
  if (isUsableName(name)) return name;
  throw new ConfigError(`${JSON.stringify(name)} is not a valid backup name`, {
    hint: 'to see the names of all backups, run chbackup list',
  });
}
