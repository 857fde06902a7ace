import { describe, expect } from 'vitest';
import { test, versions } from '../support/harness.js';
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
  weeks,
} from '../support/weeks.js';

const names = weeks.map(({ name }) => name);

/** The backups of the sample weeks that each selection deletes, in the order of the deletes. */
const cases: { selection: string[]; deleted: string[] }[] = [
  { selection: ['--all'], deleted: [diff6, full5, diff3, diff2, full1, own] },
  { selection: ['--name', diff3], deleted: [diff3] },
  {
    selection: ['--name', full1, '--name', diff2, '--name', diff3],
    deleted: [diff3, diff2, full1],
  },
  { selection: ['--name', own], deleted: [own] },
  { selection: ['--keep', '1'], deleted: [diff3, diff2, full1] },
  { selection: ['--keep', '2'], deleted: [diff3, diff2, full1] },
  { selection: ['--keep', '3'], deleted: [] },
  { selection: ['--older-than', '17d'], deleted: [diff3, diff2, full1] },
  { selection: ['--older-than', '19d'], deleted: [] },
  { selection: ['--older-than', '365d'], deleted: [] },
  { selection: ['--broken'], deleted: [] },
];

describe.each(versions)('with a server %s', (version) => {
  test.for(cases)('delete-remote $selection', async ({ selection, deleted }, { harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    const { code, stdout } = await harness.run('delete-remote', ...selection, '--yes', '--verbose');
    expect(code).toBe(0);
    expect(deletesAsked(harness)).toEqual(deleted);
    expect(namesAt(harness, 'remote')).toEqual(names.filter((name) => !deleted.includes(name)));
    // Every line of the plan contains the action, the name and the reason.
    for (const name of names) {
      const action = deleted.includes(name) ? 'delete' : 'keep';
      expect(stdout).toMatch(new RegExp(`^${action} +${name} +\\S`, 'm'));
    }
  });

  test.for([
    { selection: ['--all'], kept: [] },
    { selection: ['--name', full1], kept: names.filter((name) => name !== full1) },
    // Local copies are always complete: none is kept because another one requires it.
    { selection: ['--keep', '1'], kept: [diff3, own, diff6] },
    { selection: ['--older-than', '16d'], kept: [diff3, own, diff6] },
    { selection: ['--older-than', '15d'], kept: [diff3, own] },
  ])('delete-local $selection', async ({ selection, kept }, { harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    addWeeks(harness, 'local');
    harness.simulator.deleteBehind('remote', diff3);
    const { code, stdout } = await harness.run('delete-local', ...selection, '--yes', '--verbose');
    expect(code).toBe(0);
    expect(namesAt(harness, 'local')).toEqual(kept);
    expect(namesAt(harness, 'remote')).toEqual(names.filter((name) => name !== diff3));
    if (kept.includes(diff3) && !selection.includes('--name')) {
      expect(stdout).toMatch(new RegExp(`^keep +${diff3} +not on the remote storage yet$`, 'm'));
    }
  });

  test('exits with 1 if --name is a required base, deletes nothing and names what requires it', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    harness.lastBackup = diff6;
    const { code, stdout, stderr } = await harness.run(
      ...(['delete-remote', '--name', full1, '--name', diff6, '--yes', '--verbose'] as const),
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`^keep +${full1} +${diff2} requires it$`, 'm'));
    expect(stderr).toContain(`nothing was deleted: ${full1}: ${diff2} requires it`);
    expect(deletesAsked(harness)).toEqual([]);
    expect(harness.lastBackup).toBe(diff6);
  });

  test('exits with 10 and deletes nothing if a --name does not exist', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    addWeeks(harness, 'local');
    harness.simulator.deleteBehind('local', diff6);
    for (const [command, absent] of [
      ['delete-remote', 'NO_SUCH'],
      ['delete-local', diff6],
    ] as const) {
      const { code, stderr } = await harness.run(command, '--name', absent, '--name', own, '--yes');
      expect(code).toBe(10);
      expect(stderr).toContain(`nothing was deleted: backup ${absent} is not on`);
    }
    expect(deletesAsked(harness)).toEqual([]);
  });

  test('has nothing to delete if the storage is empty and there is no last-backup file', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    const { code, stdout, stderr } = await harness.run('delete-remote', '--all', '--yes');
    expect(code).toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain('there is nothing to delete');
    expect(deletesAsked(harness)).toEqual([]);
  });
});

test('keeps the backup named in any last-backup file, and its bases', async ({ harness }) => {
  addWeeks(harness);
  harness.writeFile('.another-host_last_backup', `${diff2}\n`);
  const { code, stdout } = await harness.run(
    ...(['delete-remote', '--older-than', '1d', '--yes', '--verbose'] as const),
  );
  expect(code).toBe(0);
  expect(namesAt(harness, 'remote')).toEqual([full1, diff2, own]);
  expect(stdout).toMatch(new RegExp(`^keep +${diff2} +the last backup of a host$`, 'm'));
  expect(harness.file('.another-host_last_backup')).toBe(`${diff2}\n`);
});

test('--keep does not count orphans instead of backups that can be restored', async ({
  harness,
}) => {
  addWeeks(harness);
  harness.simulator.deleteBehind('remote', full5);
  const { code } = await harness.run('delete-remote', '--keep', '1', '--yes');
  expect(code).toBe(0);
  expect(namesAt(harness, 'remote')).toEqual([full1, diff2, diff3, own, diff6]);
});

test('requests only one list and writes nothing in a dry run', async ({ harness }) => {
  addWeeks(harness);
  addWeeks(harness, 'local');
  const { code, stdout, stderr } = await harness.run(
    ...(['delete-remote', '--keep', '2', '--dry-run', '--verbose'] as const),
  );
  expect(code).toBe(0);
  expect(stdout.match(/^delete /gm)).toHaveLength(3);
  expect(stdout.match(/^keep /gm)).toHaveLength(3);
  expect(stderr).toContain('would delete 3');
  expect(harness.requests(/list/)).toEqual(['GET /backup/list/remote']);
  expect(harness.requests(/^POST/)).toEqual([]);
  expect(harness.files).toEqual([]);
});

describe('names chbackup did not create', () => {
  const odd = ['a+b&c=d?e#f', "it's", '100%', '%2e%2e', 'x:y@z', '.hidden', '-x', 'a\u00a0b', '💾'];
  test.for(['Ночной_бэкап', ...odd])(
    'deletes exactly the backup named %s',
    async (name, { harness }) => {
      for (const other of [name, `${name}2`, own]) {
        harness.simulator.addBackup('remote', { name: other });
      }
      const { code } = await harness.run('delete-remote', `--name=${name}`, '--yes');
      expect(code).toBe(0);
      expect(namesAt(harness, 'remote')).toEqual([`${name}2`, own]);
    },
  );

  test.for(['', '.', 'a\u0000', 'a\u001b[31m'])(
    'exits with 2 for %j, which cannot be a name',
    async (name, { harness }) => {
      const { code, stderr } = await harness.run('delete-remote', `--name=${name}`, '--yes');
      expect(code).toBe(2);
      expect(stderr).toContain('is not a valid backup name');
      expect(harness.requests()).toEqual([]);
    },
  );

  test.for(['a b', ' ab', 'a/b', '../ab', 'a..b', 'a\tb', 'a\\b'])(
    'exits with 2 for %j, because servers would delete "ab" instead',
    async (name, { harness }) => {
      harness.simulator.addBackup('remote', { name: 'ab' });
      harness.simulator.addForeign('remote', name);
      const { code, stderr } = await harness.run('delete-remote', `--name=${name}`, '--yes');
      expect(code).toBe(2);
      expect(stderr).toContain(`cannot delete an entry named`);
      expect(stderr).toContain('another backup might be deleted');
      expect(harness.requests()).toEqual([]);
    },
  );

  test('does not send such a name for any other selection either', async ({ harness }) => {
    harness.simulator.addBackup('remote', { name: 'ab' });
    harness.simulator.addBackup('remote', { name: 'a b' });
    harness.simulator.setBroken('remote', 'a b', 'broken (bad metadata.json)');
    const { code, stdout } = await harness.run('delete-remote', '--broken', '--yes', '--verbose');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^keep +a b +clickhouse-backup cannot delete an entry with this name$/m);
    expect(deletesAsked(harness)).toEqual([]);
  });
});

describe('a missing or unclear selection', () => {
  test.for([
    { given: [], message: 'no selection option given' },
    { given: ['--yes'], message: 'no selection option given' },
    { given: ['--all', '--broken'], message: 'more than one selection' },
    { given: ['--keep', '3', '--older-than', '3d'], message: 'more than one selection' },
    { given: ['--keep', '0'], message: 'not a number of backups' },
    { given: ['--keep', '-1'], message: 'not a number of backups' },
    { given: ['--keep', '1.5'], message: 'not a number of backups' },
    { given: ['--older-than', '0d'], message: 'not an age' },
    { given: ['--older-than', 'never'], message: 'not an age' },
    { given: ['--older-than', '-3d'], message: 'not an age' },
  ])('exits with 2 before any request for $given', async ({ given, message }, { harness }) => {
    addWeeks(harness);
    for (const command of ['delete-remote', 'delete-local']) {
      const { code, stderr } = await harness.run(command, ...given);
      expect(code).toBe(2);
      expect(stderr).toContain(message);
    }
    expect(harness.requests()).toEqual([]);
  });
});
