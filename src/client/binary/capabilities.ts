import { ConfigError } from '../../errors.js';
import type { Capabilities } from '../client.js';
import { quickMs } from '../limits.js';
import { presentable } from '../../text.js';
import { capabilitiesOf } from '../versions.js';
import { failureOf, type Program, runProgram } from './run-program.js';

/**
 * Returns the program's capabilities, by its version. A development build shows `HEAD`, a build without a
 * version `unknown`; they are recognized by their commands (clickhouse-backup-api.md#program-version).
 * Throws `ConfigError` if the program is not clickhouse-backup.
 */
export async function readCapabilities(program: Program): Promise<Capabilities> {
  const answer = await read(program, ['--version']);
  const version = /^Version:[ \t]*(\S.*)$/m.exec(answer)?.[1];
  if (version === undefined) {
    throw new ConfigError(`${presentable(program.path)} is not clickhouse-backup`, {
      hint: 'pass the path of clickhouse-backup with --binary-path',
    });
  }
  const { isNumber } = capabilitiesOf(version, false);
  const hasRebase = !isNumber && /^ +rebase\b/m.test(await read(program, ['--help']));
  const { isNumber: _, ...capabilities } = capabilitiesOf(presentable(version), hasRebase);
  // Restrictions of the server: the program's environment is set for each call, and it has no lock
  // that a list could release.
  return { ...capabilities, checkReplicasSwitch: true, listIsHarmless: true };
}

/** Returns true if `list` has `--format json` (clickhouse-backup-api.md#program-list-json). */
export async function canListAsJson(program: Program): Promise<boolean> {
  return (await read(program, ['list', '--help'])).includes('--format');
}

async function read(program: Program, args: string[]): Promise<string> {
  const ended = await runProgram(program, { args, limitMs: quickMs, changes: false });
  if (ended.exitCode !== 0) throw failureOf(ended);
  return ended.stdout.text;
}
