import { isUsableName } from '../../backup/names.js';
import { ConfigError } from '../../errors.js';

/** Returns the name if it is valid for a backup. Throws `ConfigError`, which calls it `what`. */
export function checkName(name: string, what = JSON.stringify(name)): string {
  if (isUsableName(name)) return name;
  throw new ConfigError(`${what} is not a valid backup name`, {
    hint: 'to see the names of all backups, run chbackup list',
  });
}

/** Returns the number of backups given with an option. Throws `ConfigError`. */
export function readCount(option: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new ConfigError(`${option} ${JSON.stringify(text)} is not a number of backups`, {
    hint: 'give a whole number of at least 1',
  });
}

/** Returns the age given with an option in milliseconds. Throws `ConfigError`. */
export async function readAge(option: string, text: string): Promise<number> {
  const { durationProblem, parseDurationMs } = await import('../../config/duration.js');
  const ms = parseDurationMs(text);
  if (ms !== undefined && ms > 0) return ms;
  const problem = durationProblem(text, 'is not an age');
  throw new ConfigError(`${option} ${JSON.stringify(text)} ${problem}`, {
    hint: 'give an age such as 50m, 12h or 30d',
  });
}
