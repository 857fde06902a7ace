import { isUsableName } from '../../backup/names.js';
import { ConfigError } from '../../errors.js';

/** The name of a backup as typed. Throws `ConfigError` for one that no server could mean. */
export function checkName(name: string): string {
  if (isUsableName(name)) return name;
  throw new ConfigError(`${JSON.stringify(name)} cannot be the name of a backup`, {
    hint: 'chbackup list shows the names',
  });
}
