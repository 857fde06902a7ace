import { isUsableName } from '../../backup/names.js';
import { ConfigError } from '../../errors.js';

/** Returns the name if it is valid for a backup. Throws `ConfigError`, which calls it `what`. */
export function checkName(name: string, what = JSON.stringify(name)): string {
  if (isUsableName(name)) return name;
  throw new ConfigError(`${what} is not a valid backup name`, {
    hint: 'to see the names of all backups, run chbackup list',
  });
}
