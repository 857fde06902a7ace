import { describe, expect } from 'vitest';
import { beforeRequest } from '../support/before-request.js';
import { type Harness, test, versions } from '../support/harness.js';
import {
  addWeeks,
  deletesAsked,
  diff2,
  diff3,
  diff6,
  full1,
  full5,
  namesAt,
  own,
} from '../support/weeks.js';

/** Adds files and folders beside the backups that are not backups. */
function addForeign({ simulator }: Harness): void {
  simulator.addForeign('remote', 'README.txt', 'refused');
  simulator.addForeign('remote', 'pg_dumps');
  simulator.addForeign('remote', 'old dumps');
}

const kept = 'not a backup: only --name deletes it';

describe.each(versions)('foreign entries, with a server %s', (version) => {
  test('--keep ignores them and prints no warning', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    addForeign(harness);
    const { code, stdout, stderr } = await harness.run(
      'delete-remote',
      '--keep',
      '1',
      '--yes',
      '--verbose',
    );
    expect(code).toBe(0);
    expect(deletesAsked(harness)).toEqual([diff3, diff2, full1]);
    expect(stdout).toMatch(new RegExp(`^keep +README.txt +${kept}$`, 'm'));
    expect(stderr).not.toContain('[WARNING]');
  });

  test('--older-than, --broken and --all keep them', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    addForeign(harness);
    const old = await harness.run('delete-remote', '--older-than', '19d', '--yes');
    expect(old.code).toBe(0);
    expect(deletesAsked(harness)).toEqual([]);
    const broken = await harness.run('delete-remote', '--broken', '--yes');
    expect(broken.code).toBe(0);
    expect(broken.stderr).not.toContain('checking again in two minutes');
    expect(deletesAsked(harness)).toEqual([]);
    const all = await harness.run('delete-remote', '--all', '--yes', '--verbose');
    expect(all.code).toBe(0);
    expect(all.stdout).toMatch(new RegExp(`^keep +old dumps +${kept}$`, 'm'));
    expect(namesAt(harness, 'remote')).toEqual(['README.txt', 'pg_dumps', 'old dumps']);
  });

  test('--name deletes a folder, but not a file that the server refuses to delete', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    addForeign(harness);
    const folder = await harness.run('delete-remote', '--name', 'pg_dumps', '--yes');
    expect(folder.code).toBe(0);
    expect(harness.simulator.remote.has('pg_dumps')).toBe(false);
    const file = await harness.run('delete-remote', '--name', 'README.txt', '--yes');
    expect(file.code).toBe(1);
    expect(file.stderr).toContain(
      version === '2.8.1'
        ? "'README.txt' is not found on remote storage"
        : 'README.txt: Not a directory',
    );
    expect(harness.simulator.remote.size).toBe(8);
  });

  test('list shows them as foreign and does not count them as backups', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    addForeign(harness);
    harness.simulator.addForeign('local', 'lost+found');
    const { code, stdout } = await harness.run('list');
    expect(code).toBe(0);
    expect(stdout).toContain('remote: 6 backups, 3 other entries\n');
    expect(stdout).toContain('local: 0 backups, 1 other entry\n');
    expect(stdout).toMatch(/^ {2}pg_dumps +\? +\? +not a backup: it has no metadata\.json$/m);
    expect(stdout).toMatch(/^ {2}lost\+found +.* +not a backup: it has no metadata\.json$/m);
    expect(stdout).not.toContain('broken');
    const { backups } = JSON.parse((await harness.run('list', '--json')).stdout) as {
      backups: { name: string }[];
    };
    expect(backups.find(({ name }) => name === 'README.txt')).toEqual({
      name: 'README.txt',
      location: 'remote',
      kind: null,
      base: null,
      fullBackup: null,
      chainLength: null,
      state: 'foreign',
      complete: null,
      restorable: false,
      problem: 'not a backup: it has no metadata.json',
      createdAt: null,
      created: '0001-01-01 00:00:00',
      sizeBytes: null,
      uploadedBytes: null,
      isLastBackup: false,
    });
  });

  test('--all keeps local ones too, and --name deletes them', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness, 'local');
    harness.simulator.addForeign('local', 'lost+found');
    const all = await harness.run('delete-local', '--all', '--yes');
    expect(all.code).toBe(0);
    expect(namesAt(harness, 'local')).toEqual(['lost+found']);
    const named = await harness.run('delete-local', '--name', 'lost+found', '--yes');
    expect(named.code).toBe(0);
    expect(namesAt(harness, 'local')).toEqual([]);
  });

  test('create-full and create-diff work beside them', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addForeign(harness);
    expect((await harness.run('create-full')).code).toBe(0);
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(stderr).not.toContain('[WARNING]');
    expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
  });
});

test('keeps the bases of a broken backup whose name chbackup created', async ({ harness }) => {
  addWeeks(harness);
  addForeign(harness);
  harness.simulator.setBroken('remote', diff6);
  const { stdout, stderr } = await harness.run(
    'delete-remote',
    '--keep',
    '1',
    '--yes',
    '--verbose',
  );
  expect(stdout).toContain(`${diff6} is broken and may require it`);
  expect(stderr).toContain('delete-remote --broken');
  expect(deletesAsked(harness)).toEqual([]);
});

test('keeps the bases of a broken backup with another name if it has a metadata.json', async ({
  harness,
}) => {
  addWeeks(harness);
  harness.simulator.setBroken('remote', own, 'broken (bad metadata.json)');
  const { stdout } = await harness.run('delete-remote', '--keep', '1', '--yes', '--verbose');
  expect(stdout).toContain(`${own} is broken and may require it`);
  expect(deletesAsked(harness)).toEqual([]);
});

test('keeps the base of a foreign entry that turns out to be a backup', async ({ harness }) => {
  addWeeks(harness);
  harness.simulator.addForeign('remote', 'pg_dumps');
  const complete = () =>
    harness.simulator.addBackup('remote', { name: 'pg_dumps', required: diff2 });
  beforeRequest(harness, /list\/remote/, complete, 4);
  const { code, stderr } = await harness.run('delete-remote', '--keep', '1', '--yes');
  expect(code).toBe(0);
  expect(stderr).toContain(`backup ${diff2} was not deleted: pg_dumps requires it`);
  expect(deletesAsked(harness)).toEqual([diff3]);
});

test('does not report a file as deleted if the storage ignores the delete', async ({ harness }) => {
  harness.simulator.addForeign('remote', 'README.txt', 'ignored');
  const { code, stderr } = await harness.run('delete-remote', '--name', 'README.txt', '--yes');
  expect(code).toBe(1);
  expect(stderr).toContain('clickhouse-backup reported success, but the entry is still listed');
});

test('deletes the last foreign entry on a storage', async ({ harness }) => {
  harness.simulator.addForeign('remote', 'pg_dumps');
  const { code } = await harness.run('delete-remote', '--name', 'pg_dumps', '--yes');
  expect(code).toBe(0);
});

test('uploads a diff in full if only foreign entries are left, because they show that the storage is up', async ({
  harness,
}) => {
  expect((await harness.run('create-full')).code).toBe(0);
  harness.simulator.deleteBehind('remote', harness.lastBackup ?? '');
  addForeign(harness);
  const { code, stderr } = await harness.run('create-diff');
  expect(code).toBe(0);
  expect(stderr).toContain('is not on the remote storage; this backup is uploaded in full');
});

test('refuses to restore from a foreign entry', async ({ harness }) => {
  addForeign(harness);
  const { done } = harness.startRaw([
    ...['restore-table', 'pg_dumps', 'shop.orders', harness.host, 'rlAPIuser', harness.password],
    '--schema',
    '--yes',
  ]);
  const { code, stderr } = await done;
  expect(code).toBe(1);
  expect(stderr).toContain('cannot be restored');
});

describe('a backup that looks like a foreign entry only for a moment', () => {
  const monday = 'monday';
  /** Adds two fulls, and an increment of another client that is based on the older full. */
  async function withOwnIncrement(opening: Promise<Harness>) {
    const harness = await opening;
    harness.simulator.addBackup('remote', { name: full1 });
    harness.simulator.addBackup('remote', { name: monday, required: full1 });
    harness.simulator.addBackup('remote', { name: full5 });
    harness.simulator.setBroken('remote', monday);
    return harness;
  }
  const heal = ({ simulator }: Harness) => delete simulator.remote.get(monday)?.broken;

  test.for([
    ['--keep', '1'],
    ['--older-than', '1h'],
    ['--name', full1],
  ])('keeps its base with %s', async (selection, { harnessOf }) => {
    const harness = await withOwnIncrement(harnessOf({}));
    harness.later(60_000, () => heal(harness));
    await harness.run('delete-remote', ...selection, '--yes');
    expect([...harness.simulator.remote.keys()]).toContain(full1);
    expect(harness.simulator.isWhole(monday)).toBe(true);
  });

  test('keeps its base even if it looks foreign only in the second list', async ({ harnessOf }) => {
    const harness = await withOwnIncrement(harnessOf({}));
    heal(harness);
    beforeRequest(harness, /list\/remote/, () => harness.simulator.setBroken('remote', monday), 2);
    await harness.run('delete-remote', '--keep', '1', '--yes');
    expect([...harness.simulator.remote.keys()]).toContain(full1);
  });

  test('delays a delete by two minutes and does not prevent it', async ({ harnessOf }) => {
    const harness = await withOwnIncrement(harnessOf({ version: '2.6.30' }));
    const startMs = harness.clock.elapsed();
    const { code, stderr } = await harness.run('delete-remote', '--keep', '1', '--yes');
    expect(code).toBe(0);
    expect(stderr).toContain('1 entry does not look like a backup; checking again in two minutes');
    expect(harness.clock.elapsed() - startMs).toBeGreaterThanOrEqual(120_000);
    expect([...harness.simulator.remote.keys()]).toEqual([monday, full5]);
  });

  test('causes no delay if nothing else is to delete', async ({ harnessOf }) => {
    const harness = await withOwnIncrement(harnessOf({}));
    const startMs = harness.clock.elapsed();
    for (const selection of [
      ['--name', monday],
      ['--keep', '9'],
      ['--all', '--dry-run'],
    ]) {
      expect((await harness.run('delete-remote', ...selection, '--yes')).code).toBe(0);
    }
    expect(harness.clock.elapsed() - startMs).toBeLessThan(60_000);
  });
});
