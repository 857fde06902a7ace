import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { exitCodes } from '../../src/errors.js';

const script = path.resolve(import.meta.dirname, '../../bin/chbackup.js');

function run(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...argv], {
    encoding: 'utf8',
    cwd: tmpdir(),
    env: {},
  });
  return { status, stdout, stderr };
}

const commands = [...run('--help').stdout.matchAll(/^  ([a-z]+-?[a-z]*) /gm)]
  .map(([, name = '']) => name)
  .filter((name) => name !== 'chbackup');

test('--help lists the commands, without their aliases', () => {
  expect(commands).toEqual(expect.arrayContaining(['create-full', 'create-diff']));
  expect(run('--help').stdout).not.toContain('create_full_backup');
});

describe.each(['', ...commands])('chbackup %s --help', (command) => {
  const argv = command === '' ? ['--help'] : [command, '--help'];

  test('prints exactly the expected text on stdout and exits with 0', async () => {
    const { status, stdout, stderr } = run(...argv);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    await expect(stdout).toMatchFileSnapshot(`help/${command || 'chbackup'}.txt`);
  });

  test('documents every exit code', () => {
    const { stdout } = run(...argv);
    for (const code of Object.values(exitCodes)) {
      expect(stdout).toMatch(new RegExp(`^  ${code} +\\S`, 'm'));
    }
  });
});

test.each(['create_full_backup', 'create_diff_backup'])(
  '%s is an alias with the same help',
  (alias) => {
    const command = alias.replaceAll('_', '-').replace('-backup', '');
    expect(run(alias, '--help')).toEqual(run(command, '--help'));
  },
);

test('--version prints the version of the package', () => {
  expect(run('--version')).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: '' });
});

test('chbackup alone prints the help and exits with 0', () => {
  expect(run()).toEqual(run('--help'));
});

test('exits with 2 and one line that refers to --help for options without a command', () => {
  const { status, stdout, stderr } = run('--quiet');
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^\S+ \S+ ::::\[ERROR\] no command given \(see chbackup --help\)\n$/);
});
