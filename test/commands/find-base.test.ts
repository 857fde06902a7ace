import { describe, expect } from 'vitest';
import { type Harness, test } from '../support/harness.js';

const second = 1000;

/** Makes a full backup and two increments, and then forgets everything, as an agent without state. */
async function makeAndForget(harness: Harness): Promise<[string, string, string]> {
  const names = [];
  for (const command of ['create-full', 'create-diff', 'create-diff']) {
    expect(await harness.run(command)).toMatchObject({ code: 0 });
    names.push(harness.lastBackup ?? '');
    await harness.clock.sleep(60 * second);
  }
  forget(harness);
  return names as [string, string, string];
}

function forget(harness: Harness): void {
  for (const name of harness.files) harness.removeFile(name);
}

const remoteBase = ({ simulator, lastBackup = '' }: Harness) =>
  simulator.remote.get(lastBackup)?.required;

describe('create-diff --find-base without a last-backup file', () => {
  test('is based on the newest backup, like an agent with state', async ({ harness }) => {
    const [, , newest] = await makeAndForget(harness);
    const { code, stderr } = await harness.run('create-diff', '--find-base');
    expect(code).toBe(0);
    expect(stderr).toContain(`[INFO] found the base on the remote storage: backup ${newest}`);
    expect(stderr).not.toContain('[WARNING]');
    expect(remoteBase(harness)).toBe(newest);
  });

  test('reads each backup once', async ({ harness }) => {
    const [full, , newest] = await makeAndForget(harness);
    const before = harness.requests(/remote_backup=/).length;
    await harness.run('create-diff', '--find-base');
    const read = harness.requests(/remote_backup=/).slice(before);
    expect(read.map((line) => line.split('=')[1])).toEqual([newest, full, harness.lastBackup]);
  });

  test('uses the remote copy if the server no longer has a local one', async ({ harness }) => {
    const [, , newest] = await makeAndForget(harness);
    for (const name of [...harness.simulator.local.keys()])
      harness.simulator.deleteBehind('local', name);
    expect(await harness.run('create-diff', '--find-base')).toMatchObject({ code: 0 });
    expect(remoteBase(harness)).toBe(newest);
  });

  test('passes over backups that are broken, incomplete, not its own or without their base', async ({
    harness,
  }) => {
    const [, middle, newest] = await makeAndForget(harness);
    const { simulator } = harness;
    simulator.setIncomplete(newest);
    simulator.addBackup('remote', { name: 'DIFF_CH_BK_2026-11-22_11-00-00', required: 'LOST' });
    simulator.addBackup('remote', { name: 'FULL_CH_BK_2026-11-22_11-30-00' });
    simulator.setBroken('remote', 'FULL_CH_BK_2026-11-22_11-30-00');
    simulator.addBackup('remote', { name: 'zz-before-migration' });
    const { code } = await harness.run('create-diff', '--find-base');
    expect(code).toBe(0);
    expect(remoteBase(harness)).toBe(middle);
  });

  test('uses no backup of another client', async ({ harness }) => {
    harness.simulator.addBackup('remote', { name: 'before-migration' });
    const { code, stderr } = await harness.run('create-diff', '--find-base');
    expect(code).toBe(0);
    expect(stderr).toContain(
      'found no base: the remote storage has no backup of chbackup that can be restored',
    );
    expect(remoteBase(harness)).toBe('');
  });

  test('finds no base if the full backup of all chains is incomplete', async ({ harness }) => {
    const [full] = await makeAndForget(harness);
    harness.simulator.setIncomplete(full);
    const { code, stderr } = await harness.run('create-diff', '--find-base');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      new RegExp(
        `there is no last-backup file, and --find-base found no base: backup ${full} is incomplete: .*; this backup is uploaded in full`,
      ),
    );
    expect(remoteBase(harness)).toBe('');
    // Each backup is judged once, although three chains need it.
    expect(harness.requests(new RegExp(`remote_backup=${full}$`))).toHaveLength(2 + 1 + 4);
  });

  test('uploads in full, after a minute, if there are no backups', async ({ harness }) => {
    const startMs = harness.clock.elapsed();
    harness.when('create', () => expect(harness.clock.elapsed() - startMs).toBe(55 * second));
    const { code, stderr } = await harness.run('create-diff', '--find-base');
    expect(code).toBe(0);
    expect(stderr).toContain(
      '--find-base found no base: the remote storage lists no backups; it may be down',
    );
    expect(remoteBase(harness)).toBe('');
  });

  test('creates nothing with --without-base fail', async ({ harness }) => {
    const { code, stderr } = await harness.run(
      'create-diff',
      '--find-base',
      '--without-base',
      'fail',
    );
    expect(code).toBe(1);
    expect(stderr).toContain('nothing was created');
    expect(harness.requests(/^POST/)).toEqual([]);
  });

  test('waits for a storage that is back within a minute', async ({ harness }) => {
    const [, , newest] = await makeAndForget(harness);
    harness.simulator.storageDown = true;
    harness.later(30 * second, () => (harness.simulator.storageDown = false));
    expect(await harness.run('create-diff', '--find-base')).toMatchObject({ code: 0 });
    expect(remoteBase(harness)).toBe(newest);
  });

  test('ends before anything is created if the storage fails while tables are read', async ({
    harness,
  }) => {
    await makeAndForget(harness);
    harness.later(1, () => (harness.simulator.storageDown = true));
    harness.simulator.delayNextAnswer({ path: /backup\/list$/ }, 2);
    const { code, stderr } = await harness.run('create-diff', '--find-base');
    expect(code).toBe(1);
    expect(stderr).toContain('nothing was created');
    expect(harness.lastBackup).toBeUndefined();
  });

  test('does not use a backup whose tables take too long', async ({ harness }) => {
    const [, , newest] = await makeAndForget(harness);
    harness.simulator.failTableReads('no-answer', 1, newest);
    const { code, stderr } = await harness.run('create-diff', '--find-base');
    expect(code).toBe(0);
    expect(stderr).toContain(
      `found no base: backup ${newest} could not be checked: its tables could not be read within 10m`,
    );
    expect(remoteBase(harness)).toBe('');
  });

  test.for(['2.4.0', '2.6.30'] as const)(
    'uploads in full with a server %s, which cannot tell',
    async (version, { harnessOf }) => {
      const harness = await harnessOf({ version });
      await makeAndForget(harness);
      const { code, stderr } = await harness.run('create-diff', '--find-base');
      expect(code).toBe(0);
      expect(stderr).toContain(
        '[WARNING] there is no last-backup file, and --find-base found no base: clickhouse-backup before 2.7.0 does not show which backups are complete; this backup is uploaded in full',
      );
      expect(remoteBase(harness)).toBe('');
    },
  );

  test('works with --base full and --max-chain', async ({ harness }) => {
    const [full] = await makeAndForget(harness);
    expect(await harness.run('create-diff', '--find-base', '--base', 'full')).toMatchObject({
      code: 0,
    });
    expect(remoteBase(harness)).toBe(full);
    forget(harness);
    await harness.clock.sleep(60 * second);
    await harness.run('create-diff', '--find-base', '--max-chain', '1');
    expect(remoteBase(harness)).toBe('');
  });
});

test('--find-base has no effect if the last-backup file names a backup', async ({ harness }) => {
  const [full] = await makeAndForget(harness);
  harness.lastBackup = full;
  expect(await harness.run('create-diff', '--find-base')).toMatchObject({ code: 0 });
  expect(remoteBase(harness)).toBe(full);
  harness.lastBackup = 'FULL_CH_BK_2026-01-01_00-00-00';
  const { stderr } = await harness.run('create-diff', '--find-base');
  expect(stderr).toContain('FULL_CH_BK_2026-01-01_00-00-00 is not on the remote storage');
  expect(remoteBase(harness)).toBe('');
});

test('an agent without state keeps a chain with --find-base on every run', async ({ harness }) => {
  await harness.run('create-full');
  let last = harness.lastBackup;
  for (let count = 0; count < 5; count++) {
    forget(harness);
    await harness.clock.sleep(60 * second);
    const { code, stderr } = await harness.run('create-diff', '--find-base');
    expect(code).toBe(0);
    expect(stderr).not.toContain('[WARNING]');
    expect(remoteBase(harness)).toBe(last);
    last = harness.lastBackup;
  }
});
