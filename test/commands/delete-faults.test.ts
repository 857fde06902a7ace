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
  orphans,
  own,
  weeks,
} from '../support/weeks.js';

const minute = 60_000;
const names = weeks.map(({ name }) => name);
const firstDelete = /^POST \/backup\/delete/;

async function withWeeks(harness: Promise<Harness>): Promise<Harness> {
  addWeeks(await harness);
  return harness;
}

describe.each(versions)('with a server %s', (version) => {
  test('waits after a 423 and names the running action', async ({ harnessOf }) => {
    const harness = await withWeeks(harnessOf({ version }));
    beforeRequest(harness, firstDelete, () =>
      harness.simulator.busyWith('upload OTHERS', 5 * minute),
    );
    const startMs = harness.clock.elapsed();
    const { code, stderr } = await harness.run('delete-remote', '--keep', '2', '--yes');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /\[WARNING\] waiting for `upload OTHERS`, which has been running since 2026-11-2/,
    );
    expect(harness.clock.elapsed() - startMs).toBeGreaterThanOrEqual(5 * minute);
    expect(namesAt(harness, 'remote')).toEqual([own, full5, diff6]);
    expect([...new Set(deletesAsked(harness))]).toEqual([diff3, diff2, full1]);
  });

  test('exits with 11 and reports its progress if the server stays busy longer than --wait', async ({
    harnessOf,
  }) => {
    const harness = await withWeeks(harnessOf({ version }));
    beforeRequest(
      harness,
      firstDelete,
      () => harness.simulator.busyWith('upload OTHERS', 60 * minute),
      2,
    );
    const given = ['--keep', '2', '--yes', '--wait', '1m'];
    const { code, stderr } = await harness.run('delete-remote', ...given);
    expect(code).toBe(11);
    expect(stderr).toMatch(/::::\[ERROR\] .* is busy: `upload OTHERS` has been running/);
    expect(stderr).toContain('stopped after deleting 1 of 3');
    expect(namesAt(harness, 'remote')).toEqual(names.filter((name) => name !== diff3));
  });

  test('exits with 3 if one delete fails, keeps its bases only and names what was not deleted', async ({
    harnessOf,
  }) => {
    const harness = await withWeeks(harnessOf({ version }));
    harness.simulator.failNext('delete', '550 permission denied');
    const { code, stderr } = await harness.run('delete-remote', '--all', '--yes');
    expect(code).toBe(3);
    const error = /::::\[ERROR\] (.*)$/m.exec(stderr)?.[1];
    expect(error).toContain('only 4 of 6 remote backups were deleted');
    expect(error).toContain(`${diff6} (550 permission denied)`);
    expect(error).toContain(`${full5} (kept because ${diff6} was not deleted and may require it)`);
    expect(namesAt(harness, 'remote')).toEqual([full5, diff6]);
    expect(deletesAsked(harness)).toEqual([diff6, diff3, diff2, full1, own]);
    const again = await harness.run('delete-remote', '--all', '--yes');
    expect(again.code).toBe(0);
    expect(namesAt(harness, 'remote')).toEqual([]);
  });

  test('exits with 1 if the only delete fails', async ({ harnessOf }) => {
    const harness = await withWeeks(harnessOf({ version }));
    harness.simulator.failNext('delete', '550 permission denied');
    const { code, stderr } = await harness.run('delete-remote', '--name', own, '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain(`no remote backup was deleted: ${own} (550 permission denied)`);
    expect(harness.log).toContain('550 permission denied');
  });

  test('counts a backup that is not found as deleted if a list that is not empty confirms it', async ({
    harnessOf,
  }) => {
    const harness = await withWeeks(harnessOf({ version }));
    beforeRequest(harness, firstDelete, () => harness.simulator.deleteBehind('remote', diff3));
    const { code, stderr } = await harness.run('delete-remote', '--keep', '2', '--yes');
    expect(code).toBe(0);
    expect(stderr).toContain('deleted 3 remote backups');
    expect(namesAt(harness, 'remote')).toEqual([own, full5, diff6]);
  });

  describe('a storage that is down', () => {
    const selections = ['--all', '--keep 1', '--older-than 1d', '--broken', `--name ${own}`];

    test('exits with 1 for every selection before it requests any delete', async ({
      harnessOf,
    }) => {
      const harness = await withWeeks(harnessOf({ version }));
      harness.lastBackup = diff6;
      harness.simulator.storageDown = true;
      for (const selection of selections) {
        const given = [...selection.split(' '), '--yes'];
        const { code, stdout, stderr } = await harness.run('delete-remote', ...given);
        expect(code).toBe(1);
        expect(stdout).toBe('');
        expect(stderr).toContain(`lists no backups, although ${diff6} was uploaded to it`);
      }
      expect(harness.requests(/^POST/)).toEqual([]);
      expect(harness.lastBackup).toBe(diff6);
    });

    test('exits with 1 and deletes no local copy either', async ({ harnessOf }) => {
      const harness = await withWeeks(harnessOf({ version }));
      addWeeks(harness, 'local');
      harness.lastBackup = diff6;
      harness.simulator.storageDown = true;
      const { code } = await harness.run('delete-local', '--keep', '1', '--yes');
      expect(code).toBe(1);
      expect(namesAt(harness, 'local')).toEqual(names);
    });

    test('exits with 1 if the storage goes down after the plan was shown', async ({
      harnessOf,
    }) => {
      const harness = await withWeeks(harnessOf({ version }));
      const down = () => (harness.simulator.storageDown = true);
      beforeRequest(harness, /list\/remote/, down, 2);
      const { code, stderr } = await harness.run('delete-remote', '--all', '--yes');
      expect(code).toBe(1);
      expect(stderr).toContain('lists no backups any more, although it listed 6 before');
      expect(deletesAsked(harness)).toEqual([]);
    });

    test('does not trust "not found" if the storage goes down after the second plan', async ({
      harnessOf,
    }) => {
      const harness = await withWeeks(harnessOf({ version }));
      beforeRequest(harness, firstDelete, () => (harness.simulator.storageDown = true));
      const { code, stderr } = await harness.run('delete-remote', '--all', '--yes');
      // In that case the newest server does not respond at all (clickhouse-backup-api.md#empty-list).
      expect(code).toBe(version === '2.8.1' ? 14 : 1);
      if (version !== '2.8.1') {
        expect(stderr).toContain(`${diff6} ('${diff6}' is not found on remote storage)`);
      }
      const requested = new Set(deletesAsked(harness));
      harness.simulator.storageDown = false;
      // The hanging delete ends when the storage is back; no other delete had been requested.
      if (version === '2.8.1') expect([...requested]).toEqual([diff6]);
      const hung = version === '2.8.1' ? diff6 : '';
      expect(namesAt(harness, 'remote')).toEqual(names.filter((name) => name !== hung));
    });
  });

  describe('a delete without a response', () => {
    test('exits with 14 after 10 minutes if it does not end, and requests nothing more', async ({
      harnessOf,
    }) => {
      const harness = await withWeeks(harnessOf({ version, workMs: { delete: 60 * minute } }));
      const startMs = harness.clock.elapsed();
      const { code, stderr } = await harness.run('delete-remote', '--all', '--yes');
      expect(code).toBe(14);
      expect(stderr).toContain(`${diff6} is still running after 10 minutes`);
      expect(harness.clock.elapsed() - startMs).toBeLessThan(12 * minute);
      expect(deletesAsked(harness)).toEqual([diff6]);
    });

    test('exits with 14 if it never started, and requests nothing more', async ({ harnessOf }) => {
      const harness = await withWeeks(harnessOf({ version }));
      harness.simulator.neverAnswer({ path: /delete/ }, { done: false });
      const { code } = await harness.run('delete-remote', '--all', '--yes');
      expect(code).toBe(14);
      expect(deletesAsked(harness)).toEqual([diff6]);
      expect(namesAt(harness, 'remote')).toEqual(names);
    });

    test('counts as done if its action log row has ended', async ({ harnessOf }) => {
      const harness = await withWeeks(harnessOf({ version }));
      const respondAgain = harness.simulator.neverAnswer({ path: /delete/ });
      beforeRequest(harness, firstDelete, respondAgain, 2);
      const { code } = await harness.run('delete-remote', '--keep', '2', '--yes');
      expect(code).toBe(0);
      expect(deletesAsked(harness)).toEqual([diff3, diff2, full1]);
      expect(harness.log).toContain(`"command": "delete remote ${diff3}"`);
    });

    test.for([
      { done: true, code: 0, left: [own, full5, diff6] },
      { done: false, code: 1, left: names },
    ])(
      'is sent only once if the connection is cut (done: $done): exit $code',
      async ({ done, code, left }, { harnessOf }) => {
        const harness = await withWeeks(harnessOf({ version }));
        harness.simulator.loseNextAnswer({ path: /delete/ }, { done });
        const result = await harness.run('delete-remote', '--keep', '2', '--yes');
        expect(result.code).toBe(code);
        expect(deletesAsked(harness)).toEqual(done ? [diff3, diff2, full1] : [diff3]);
        expect(namesAt(harness, 'remote')).toEqual(left);
      },
    );
  });

  test('does not mistake an older action log row of the same delete for this one', async ({
    harnessOf,
  }) => {
    const harness = await withWeeks(harnessOf({ version }));
    const argv = ['delete-remote', '--name', own, '--yes'] as const;
    expect((await harness.run(...argv)).code).toBe(0);
    harness.simulator.addBackup('remote', { name: own });
    harness.simulator.loseNextAnswer({ method: 'POST', path: /delete/ }, { done: false });
    const { code, stderr } = await harness.run(...argv);
    expect([code, stderr]).toEqual([1, expect.stringContaining('no remote backup was deleted')]);
  });

  test('decides by the list after an unexpected response', async ({ harnessOf }) => {
    const harness = await withWeeks(harnessOf({ version }));
    const page = { status: 200, body: '<html>welcome</html>' };
    harness.simulator.answerNext({ path: /delete/ }, page);
    const { code, stderr } = await harness.run('delete-remote', '--all', '--yes');
    expect(code).toBe(3);
    expect(stderr).toMatch(new RegExp(`${diff6} was not deleted: .*unexpected response`));
    expect(namesAt(harness, 'remote')).toEqual([full5, diff6]);
  });

  test('decides by the list if the server was restarted during a delete', async ({ harnessOf }) => {
    const harness = await withWeeks(harnessOf({ version, workMs: { delete: minute } }));
    harness.later(90_000, () => harness.simulator.restart({ rows: 'gone', work: 'stops' }));
    const { code } = await harness.run('delete-remote', '--keep', '2', '--yes');
    expect(code).toBe(3);
    expect(namesAt(harness, 'remote')).toEqual([full1, diff2, own, full5, diff6]);
    expect(orphans(harness.simulator.remote)).toEqual([]);
  });

  test('leaves no orphan and no deleted base recorded when killed anywhere; running it again finishes', async ({
    harnessOf,
  }) => {
    for (let effect = 1, killed = true; killed; effect++) {
      const harness = await withWeeks(harnessOf({ version }));
      harness.lastBackup = diff6;
      const run = await harness.runKilled(effect, 'delete-remote', '--all', '--yes');
      ({ killed } = run);
      expect(orphans(harness.simulator.remote)).toEqual([]);
      if (namesAt(harness, 'remote').length < names.length) {
        expect(harness.lastBackup).toBeUndefined();
      }
      if (!killed) expect(run.result.code).toBe(0);
      const again = await harness.run('delete-remote', '--all', '--yes');
      expect(again.code).toBe(0);
      expect(namesAt(harness, 'remote')).toEqual([]);
      expect(harness.lastBackup).toBeUndefined();
      expect(effect).toBeLessThan(60);
    }
  });

  test('exits with 143, leaves no orphan and reports its progress when stopped by a signal', async ({
    harnessOf,
  }) => {
    const harness = await withWeeks(harnessOf({ version, workMs: { delete: minute } }));
    const running = harness.start('delete-remote', '--all', '--yes');
    harness.later(90_000, () => running.signal('SIGTERM'));
    const { code, stderr } = await running.done;
    expect(code).toBe(143);
    expect(stderr).toContain('stopped after deleting 1 of 6');
    expect(orphans(harness.simulator.remote)).toEqual([]);
    expect(deletesAsked(harness)).toEqual([diff6, full5]);
  });
});

test('keeps a base that the newest server refuses to delete, and the base of that base', async ({
  harness,
}) => {
  addWeeks(harness);
  // Another client uploads an increment on diff2 just after the plan was made.
  beforeRequest(
    harness,
    new RegExp(`delete/remote/${diff2}`),
    () => void harness.simulator.addBackup('remote', { name: 'late', required: diff2 }),
  );
  const { code, stderr } = await harness.run('delete-remote', '--all', '--yes');
  expect(code).toBe(3);
  expect(stderr).toMatch(
    new RegExp(`${diff2} was not deleted: kept by the server: '${diff2}' is required by .*late`),
  );
  expect(stderr).toContain(`${full1} (kept because ${diff2} was not deleted and may require it)`);
  expect(namesAt(harness, 'remote')).toEqual([full1, diff2, 'late']);
  expect(orphans(harness.simulator.remote)).toEqual([]);
});

test('exits with 12 if unauthorized and with 13 without a server', async ({ harness }) => {
  addWeeks(harness);
  const argv = ['delete-remote', harness.host, 'rlAPIuser', 'wrong', '--all', '--yes'];
  expect((await harness.startRaw(argv).done).code).toBe(12);
  harness.simulator.refuse = true;
  expect((await harness.run('delete-remote', '--all', '--yes')).code).toBe(13);
  expect(namesAt(harness, 'remote')).toEqual(names);
});
