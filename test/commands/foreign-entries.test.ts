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

/** What people put beside their backups: files and folders that are not backups. */
function addForeign({ simulator }: Harness): void {
  simulator.addForeign('remote', 'README.txt', 'refused');
  simulator.addForeign('remote', 'pg_dumps');
  simulator.addForeign('remote', 'old dumps');
}

const kept = 'not a backup: only --name deletes it';

describe.each(versions)('foreign entries, with a server %s', (version) => {
  test('--keep deletes as if they were not there, and advises nothing', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    addForeign(harness);
    const { code, stdout, stderr } = await harness.run('delete-remote', '--keep', '1', '--yes');
    expect(code).toBe(0);
    expect(deletesAsked(harness)).toEqual([diff3, diff2, full1]);
    expect(stdout).toMatch(new RegExp(`^keep +README.txt +${kept}$`, 'm'));
    expect(stderr).not.toContain('[WARNING]');
  });

  test('--older-than, --broken and --all leave them', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    addForeign(harness);
    const old = await harness.run('delete-remote', '--older-than', '19d', '--yes');
    expect(old.code).toBe(0);
    expect(deletesAsked(harness)).toEqual([]);
    const broken = await harness.run('delete-remote', '--broken', '--yes');
    expect(broken.code).toBe(0);
    expect(broken.stderr).not.toContain('looking again in two minutes');
    expect(deletesAsked(harness)).toEqual([]);
    const all = await harness.run('delete-remote', '--all', '--yes');
    expect(all.code).toBe(0);
    expect(all.stdout).toMatch(new RegExp(`^keep +old dumps +${kept}$`, 'm'));
    expect(namesAt(harness, 'remote')).toEqual(['README.txt', 'pg_dumps', 'old dumps']);
  });

  test('--name deletes a folder; a file that the server refuses stays', async ({ harnessOf }) => {
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

  test('list shows that they are not backups, without counting them', async ({ harnessOf }) => {
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
      state: 'foreign',
      restorable: false,
      problem: 'not a backup: it has no metadata.json',
      createdAt: null,
      created: '0001-01-01 00:00:00',
      sizeBytes: null,
      isLastBackup: false,
    });
  });

  test('local ones are left by --all too, and deleted by --name', async ({ harnessOf }) => {
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

  test('backups go on beside them', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addForeign(harness);
    expect((await harness.run('create-full')).code).toBe(0);
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(stderr).not.toContain('[WARNING]');
    expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
  });
});

test('a broken backup under one of our names still holds its bases', async ({ harness }) => {
  addWeeks(harness);
  addForeign(harness);
  harness.simulator.setBroken('remote', diff6);
  const { stdout, stderr } = await harness.run('delete-remote', '--keep', '1', '--yes');
  expect(stdout).toContain(`${diff6} is broken and may require it`);
  expect(stderr).toContain('delete-remote --broken');
  expect(deletesAsked(harness)).toEqual([]);
});

test('so does a broken one under another name, if its metadata.json is there', async ({
  harness,
}) => {
  addWeeks(harness);
  harness.simulator.setBroken('remote', own, 'broken (bad metadata.json)');
  const { stdout } = await harness.run('delete-remote', '--keep', '1', '--yes');
  expect(stdout).toContain(`${own} is broken and may require it`);
  expect(deletesAsked(harness)).toEqual([]);
});

test('one that turns out to be a backup, uploaded meanwhile, holds its base', async ({
  harness,
}) => {
  addWeeks(harness);
  harness.simulator.addForeign('remote', 'pg_dumps');
  const complete = () =>
    harness.simulator.addBackup('remote', { name: 'pg_dumps', required: diff2 });
  beforeRequest(harness, /list\/remote/, complete, 4);
  const { code, stderr } = await harness.run('delete-remote', '--keep', '1', '--yes');
  expect(code).toBe(0);
  expect(stderr).toContain(`kept after all: ${diff2}: pg_dumps requires it`);
  expect(deletesAsked(harness)).toEqual([diff3]);
});

test('a file that the storage keeps in silence is not called deleted', async ({ harness }) => {
  harness.simulator.addForeign('remote', 'README.txt', 'ignored');
  const { code, stderr } = await harness.run('delete-remote', '--name', 'README.txt', '--yes');
  expect(code).toBe(1);
  expect(stderr).toContain('the server reported success, but it is still listed');
});

test('the last one on a storage may be deleted', async ({ harness }) => {
  harness.simulator.addForeign('remote', 'pg_dumps');
  const { code } = await harness.run('delete-remote', '--name', 'pg_dumps', '--yes');
  expect(code).toBe(0);
});

test('they prove that the storage answers: without its backups a diff is uploaded in full', async ({
  harness,
}) => {
  expect((await harness.run('create-full')).code).toBe(0);
  harness.simulator.deleteBehind('remote', harness.lastBackup ?? '');
  addForeign(harness);
  const { code, stderr } = await harness.run('create-diff');
  expect(code).toBe(0);
  expect(stderr).toContain('is not on the remote storage; this backup is uploaded as a full one');
});

test('none of them can be restored from', async ({ harness }) => {
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

describe('an entry that does not look like a backup only for a moment', () => {
  const monday = 'monday';
  /** Two fulls; an increment of another client, under its own name, on the older one. */
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
  ])('keeps its base from %s', async (selection, { harnessOf }) => {
    const harness = await withOwnIncrement(harnessOf({}));
    harness.later(60_000, () => heal(harness));
    await harness.run('delete-remote', ...selection, '--yes');
    expect([...harness.simulator.remote.keys()]).toContain(full1);
    expect(harness.simulator.isWhole(monday)).toBe(true);
  });

  test('keeps its base also if it looks so only later', async ({ harnessOf }) => {
    const harness = await withOwnIncrement(harnessOf({}));
    heal(harness);
    beforeRequest(harness, /list\/remote/, () => harness.simulator.setBroken('remote', monday), 2);
    await harness.run('delete-remote', '--keep', '1', '--yes');
    expect([...harness.simulator.remote.keys()]).toContain(full1);
  });

  test('is waited for two minutes, and no longer holds back retention', async ({ harnessOf }) => {
    const harness = await withOwnIncrement(harnessOf({ version: '2.6.30' }));
    const startMs = harness.clock.elapsed();
    const { code, stderr } = await harness.run('delete-remote', '--keep', '1', '--yes');
    expect(code).toBe(0);
    expect(stderr).toContain('1 entry does not look like a backup; checking again in two minutes');
    expect(harness.clock.elapsed() - startMs).toBeGreaterThanOrEqual(120_000);
    expect([...harness.simulator.remote.keys()]).toEqual([monday, full5]);
  });

  test('is not waited for if nothing else is deleted', async ({ harnessOf }) => {
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
