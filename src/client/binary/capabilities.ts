import { ConfigError } from '../../errors.js';
import type { Capabilities } from '../client.js';
import { quickMs } from '../limits.js';
import { presentable } from '../../text.js';
import { capabilitiesOf } from '../versions.js';
import { failureOf, type Program, runProgram } from './run-program.js';

/**
 * What the program says it is. A development build calls itself `HEAD`, a build without a version
 * `unknown`; those are told by their commands (contract §7, §11).
 */
export async function readCapabilities(program: Program): Promise<Capabilities> {
  const answer = await read(program, ['--version']);
  const version = /^Version:[ \t]*(\S.*)$/m.exec(answer)?.[1];
  if (version === undefined) {
    throw new ConfigError(`${presentable(program.path)} is not clickhouse-backup`, {
      hint: '--binary-path names the clickhouse-backup program',
    });
  }
  const { isNumber } = capabilitiesOf(version, false);
  const hasRebase = !isNumber && /^ +rebase\b/m.test(await read(program, ['--help']));
  const { isNumber: _, ...capabilities } = capabilitiesOf(presentable(version), hasRebase);
  // Both are the server's: the environment is the child's own here, and no list opens its lock.
  return { ...capabilities, checkReplicasSwitch: true, listIsHarmless: true };
}

/** `list --format json` came with 2.6.32 (§8), and its help says so, whatever the version is. */
export async function canListAsJson(program: Program): Promise<boolean> {
  return (await read(program, ['list', '--help'])).includes('--format');
}

async function read(program: Program, args: string[]): Promise<string> {
  const ended = await runProgram(program, { args, limitMs: quickMs, changes: false });
  if (ended.exitCode !== 0) throw failureOf(ended);
  return ended.stdout.text;
}
