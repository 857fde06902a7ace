import { describe, expect } from 'vitest';
import { secret, test } from '../support/harness.js';

describe('options before the command', () => {
  test('are read like options after it', async ({ harness }) => {
    const options = ['--wait', '5m', '--json', '-q', '--log-dir=log'];
    const argv = [...options, 'create-full', harness.host, 'rlAPIuser', secret];
    const { code, stdout, stderr } = await harness.startRaw(argv).done;
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ command: 'create-full' });
  });

  test('may be options of that command only', async ({ harness }) => {
    harness.simulator.addBackup('remote', { name: 'FULL_CH_BK_2026-11-01_20-30-00' });
    const argv = ['-n', '--keep', '1', 'delete-remote', harness.host, 'rlAPIuser', secret];
    const { code, stdout, stderr } = await harness.startRaw(argv).done;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^keep /m);
    expect(stderr).toContain('--dry-run: would delete 0 remote backups');
  });

  test('are accepted with a name of the bash agent and a password that begins with a dash', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ password: '--json' });
    const argv = ['--quiet', 'create_full_backup', harness.host, 'rlAPIuser', '--json'];
    expect(await harness.startRaw(argv).done).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});

describe('short options', () => {
  test('-y deletes without a question', async ({ harness }) => {
    harness.simulator.addBackup('remote', { name: 'FULL_CH_BK_2026-11-01_20-30-00' });
    const { code } = await harness.run('delete-remote', '--all', '-y');
    expect(code).toBe(0);
    expect(harness.simulator.remote.size).toBe(0);
  });

  test('-v prints each step, -q only warnings and errors', async ({ harness }) => {
    expect((await harness.run('create-full', '-v')).stderr).toContain('[DEBUG] step create');
    expect((await harness.run('create-full', '-q')).stderr).toBe('');
  });
});

describe('help', () => {
  test.for([
    [[], '--help'],
    [['help'], '--help'],
    [['help', 'help'], '--help'],
    [['--json', 'help'], '--help'],
    [['help', 'list'], 'list --help'],
    [['--help', 'list'], 'list --help'],
    [['help', 'create_diff_backup'], 'create-diff --help'],
    [['help', 'create_diff_backup', 'h', 'u', 'p'], 'create-diff --help'],
  ] as const)('%j prints the text of %s', async ([argv, same], { harness }) => {
    const { code, stdout, stderr } = await harness.startRaw([...argv]).done;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: chbackup /);
    expect(stdout).toBe((await harness.startRaw(same.split(' ')).done).stdout);
  });
});

test('--version before a command prints the version', async ({ harness }) => {
  const { code, stdout } = await harness.startRaw(['--version', 'list', harness.host]).done;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(harness.requests()).toEqual([]);
});
