import { describe, expect } from 'vitest';
import { beforeRequest } from '../support/before-request.js';
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
  orphans,
  own,
  weeks,
} from '../support/weeks.js';

const minute = 60_000;
const names = weeks.map(({ name }) => name);

describe.each(versions)('with a server %s', (version) => {
  test('removes last-backup files and journals that name a backup before it deletes that backup', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    harness.lastBackup = `${diff3}\n`;
    harness.writeFile('.shard-2_last_backup', full1);
    harness.writeFile('.shard-3_last_backup', diff6);
    const journal = { kind: 'DIFF', backup: diff3, base: diff2, phase: 'upload' };
    harness.writeFile(
      `.${harness.hostInFiles}_run.json`,
      JSON.stringify({ ...journal, startedAt: '2026-11-03 20:30:00', lastBackup: '' }),
    );
    let left: string[] = [];
    beforeRequest(harness, /^POST/, () => {
      left = harness.files.filter((file) => /_last_backup$|run\.json$/.test(file));
    });
    const given = ['--name', diff3, '--name', diff2, '--name', full1, '--yes'];
    expect((await harness.run('delete-remote', ...given)).code).toBe(0);
    expect(left).toEqual(['.shard-3_last_backup']);
    expect(harness.file('.shard-3_last_backup')).toBe(diff6);
  });

  test('uses a kept backup as the base of the next diff', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    addWeeks(harness, 'local');
    harness.lastBackup = diff6;
    expect((await harness.run('delete-remote', '--keep', '2', '--yes')).code).toBe(0);
    expect(harness.lastBackup).toBe(diff6);
    expect((await harness.run('create-diff')).code).toBe(0);
    expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe(diff6);
  });

  test('leaves last-backup files and the journal unchanged when it deletes local backups', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness, 'local');
    addWeeks(harness);
    harness.lastBackup = diff6;
    const files = harness.files;
    expect((await harness.run('delete-local', '--all', '--yes')).code).toBe(0);
    expect(harness.lastBackup).toBe(diff6);
    expect(harness.files).toEqual(expect.arrayContaining(files));
    expect(namesAt(harness, 'remote')).toEqual(names);
  });

  test('makes a create-diff started meanwhile wait for the delete', async ({ harnessOf }) => {
    const harness = await harnessOf({ version, workMs: { delete: minute } });
    addWeeks(harness);
    harness.lastBackup = diff6;
    const deleting = harness.start('delete-remote', '--all', '--yes');
    let diff: Promise<{ code: number; stderr: string }> | undefined;
    harness.later(90_000, () => {
      diff = harness.run('create-diff');
    });
    expect((await deleting.done).code).toBe(0);
    const { code, stderr } = (await diff) ?? {};
    expect(code).toBe(0);
    expect(stderr).toContain(
      'waiting for `chbackup delete-remote`, which has been running since 2026-11-22 10:00:00',
    );
    const posts = harness.requests(/^POST/).map((line) => line.split('/')[2]?.split('?')[0]);
    expect(posts).toEqual([...Array<string>(6).fill('delete'), 'create', 'upload']);
    // Its base was deleted, and no other backup is used as the base.
    expect(namesAt(harness, 'remote')).toEqual([harness.lastBackup]);
    expect(orphans(harness.simulator.remote)).toEqual([]);
  });

  test('makes create-diff exit with 11 and name the delete after --wait', async ({ harnessOf }) => {
    const harness = await harnessOf({ version, workMs: { delete: minute } });
    addWeeks(harness);
    const deleting = harness.start('delete-remote', '--all', '--yes');
    let diff: Promise<{ code: number; stderr: string }> | undefined;
    harness.later(90_000, () => {
      diff = harness.run('create-diff', '--wait', '2m');
    });
    expect((await deleting.done).code).toBe(0);
    const { code, stderr } = (await diff) ?? {};
    expect(code).toBe(11);
    expect(stderr).toMatch(
      /::::\[ERROR\] another chbackup is working on .*: delete-remote since 2026/,
    );
    expect(harness.requests(/create/)).toEqual([]);
  });

  test('waits for a running create', async ({ harnessOf }) => {
    const harness = await harnessOf({ version, workMs: { upload: 10 * minute } });
    addWeeks(harness);
    const creating = harness.start('create-full');
    let deletion: Promise<{ code: number }> | undefined;
    harness.later(minute, () => {
      deletion = harness.run('delete-remote', '--keep', '1', '--yes');
    });
    expect((await creating.done).code).toBe(0);
    expect((await deletion)?.code).toBe(0);
    expect(namesAt(harness, 'remote')).toEqual([own, harness.lastBackup]);
  });
});

describe('broken backups', () => {
  const broken = 'DIFF_CH_BK_2026-11-04_20-30-00';
  const late = 'DIFF_CH_BK_2026-11-20_20-30-00';

  test.for(versions)(
    '%s: --broken deletes what two lists show as broken',
    async (version, { harnessOf }) => {
      const harness = await harnessOf({ version });
      addWeeks(harness);
      harness.simulator.addBackup('remote', { name: broken });
      harness.simulator.setBroken('remote', broken);
      const listed: number[] = [];
      beforeRequest(harness, /list\/remote/, () => listed.push(harness.clock.elapsed()));
      beforeRequest(harness, /list\/remote/, () => listed.push(harness.clock.elapsed()), 2);
      const { code, stderr } = await harness.run('delete-remote', '--broken', '--yes');
      expect(code).toBe(0);
      expect(stderr).toContain('1 backup looks broken; checking again in two minutes');
      expect((listed[1] ?? 0) - (listed[0] ?? 0)).toBe(2 * minute);
      expect(deletesAsked(harness)).toEqual([broken]);
      expect(namesAt(harness, 'remote')).toEqual(names);
    },
  );

  test('keeps a backup that is ok in the second list or broken only there', async ({ harness }) => {
    addWeeks(harness);
    harness.simulator.addBackup('remote', { name: broken });
    harness.simulator.setBroken('remote', broken);
    // An upload from another host ends, and one from a third host begins.
    harness.later(minute, () => {
      harness.simulator.addBackup('remote', { name: broken, required: diff3 });
      harness.simulator.addBackup('remote', { name: late });
      harness.simulator.setBroken('remote', late);
    });
    const { code, stdout } = await harness.run('delete-remote', '--broken', '--yes', '--verbose');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^keep +${late} +broken in only one of two lists`, 'm'));
    expect(stdout).toMatch(new RegExp(`^keep +${broken} +not broken$`, 'm'));
    expect(deletesAsked(harness)).toEqual([]);
  });

  test('keeps a backup that becomes ok after the plan was shown', async ({ harness }) => {
    addWeeks(harness);
    harness.simulator.addBackup('remote', { name: broken });
    harness.simulator.setBroken('remote', broken);
    const heal = () => delete harness.simulator.remote.get(broken)?.broken;
    beforeRequest(harness, /list\/remote/, heal, 4);
    const { code, stderr } = await harness.run('delete-remote', '--broken', '--yes');
    expect(code).toBe(0);
    expect(stderr).toContain(`backup ${broken} was not deleted: not broken`);
    expect(deletesAsked(harness)).toEqual([]);
  });

  test('recommends --name if increments require the broken backup', async ({ harness }) => {
    addWeeks(harness);
    harness.simulator.setBroken('remote', diff2);
    const { code, stderr } = await harness.run('delete-remote', '--keep', '1', '--dry-run');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /\[WARNING\] 2 more backups are kept .* --name, together with the increments that require it/,
    );
  });

  test.for(versions)(
    '%s: keeps everything that a kept broken backup may be based on',
    async (version, { harnessOf }) => {
      const harness = await harnessOf({ version });
      addWeeks(harness);
      harness.simulator.addBackup('remote', { name: late });
      harness.simulator.setBroken('remote', late);
      const kept = await harness.run('delete-remote', '--keep', '1', '--yes', '--verbose');
      expect(kept.code).toBe(0);
      expect(kept.stdout).toContain(`${late} is broken and may require it`);
      expect(kept.stderr).toMatch(
        /\[WARNING\] 3 more backups are kept because a broken .*delete-remote --broken/,
      );
      const named = await harness.run('delete-remote', '--name', diff6, '--yes');
      expect(named.code).toBe(1);
      expect(named.stderr).toContain(`${late} is broken and may require it`);
      expect(deletesAsked(harness)).toEqual([]);
      const both = await harness.run('delete-remote', '--name', diff6, '--name', late, '--yes');
      expect(both.code).toBe(0);
      expect(deletesAsked(harness)).toEqual([late, diff6]);
    },
  );

  test('--all deletes everything, broken backups first', async ({ harness }) => {
    addWeeks(harness);
    harness.simulator.setBroken('remote', full5);
    const { code } = await harness.run('delete-remote', '--all', '--yes');
    expect(code).toBe(0);
    expect(deletesAsked(harness)).toEqual([diff6, full5, diff3, diff2, full1, own]);
  });

  test.for(versions)(
    '%s: deletes broken local copies in the way each version lists them',
    async (version, { harnessOf }) => {
      const harness = await harnessOf({ version });
      addWeeks(harness, 'local');
      addWeeks(harness);
      harness.simulator.setBroken('local', diff6);
      const byState = await harness.run('delete-local', '--broken', '--yes');
      // Up to 2.4 such a copy is called old-format, and only --name or --all deletes it.
      expect(byState.code).toBe(0);
      const deleted = version === '2.4.0' ? [] : [diff6];
      expect(deletesAsked(harness)).toEqual(deleted);
      const named = await harness.run('delete-local', '--name', diff6, '--yes');
      expect(named.code).toBe(version === '2.4.0' ? 0 : 10);
    },
  );
});
