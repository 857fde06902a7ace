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
  test('423 is waited out, and what runs is named', async ({ harnessOf }) => {
    const harness = await withWeeks(harnessOf({ version }));
    beforeRequest(harness, firstDelete, () =>
      harness.simulator.busyWith('upload OTHERS', 5 * minute),
    );
    const startMs = harness.clock.elapsed();
    const { code, stderr } = await harness.run('delete-remote', '--keep', '2', '--yes');
    expect(code).toBe(0);
    expect(stderr).toMatch(/\[WARNING\] busy: `upload OTHERS` runs since 2026-11-2/);
    expect(harness.clock.elapsed() - startMs).toBeGreaterThanOrEqual(5 * minute);
    expect(namesAt(harness, 'remote')).toEqual([own, full5, diff6]);
    expect([...new Set(deletesAsked(harness))]).toEqual([diff3, diff2, full1]);
  });

  test('423 for longer than --wait: exit 11, and how far it came', async ({ harnessOf }) => {
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
    expect(stderr).toMatch(/::::\[ERROR\] .* is busy: `upload OTHERS` runs/);
    expect(stderr).toContain('1 of 3 were deleted before it stopped');
    expect(namesAt(harness, 'remote')).toEqual(names.filter((name) => name !== diff3));
  });

  test('one delete failing spares its bases, not the rest: exit 3 with the list', async ({
    harnessOf,
  }) => {
    const harness = await withWeeks(harnessOf({ version }));
    harness.simulator.failNext('delete', '550 permission denied');
    const { code, stderr } = await harness.run('delete-remote', '--all', '--yes');
    expect(code).toBe(3);
    const error = /::::\[ERROR\] (.*)$/m.exec(stderr)?.[1];
    expect(error).toContain('only 4 of 6 remote backups were deleted');
    expect(error).toContain(`${diff6} (550 permission denied)`);
    expect(error).toContain(`${full5} (kept, since ${diff6} stays and may need it)`);
    expect(namesAt(harness, 'remote')).toEqual([full5, diff6]);
    expect(deletesAsked(harness)).toEqual([diff6, diff3, diff2, full1, own]);
    const again = await harness.run('delete-remote', '--all', '--yes');
    expect(again.code).toBe(0);
    expect(namesAt(harness, 'remote')).toEqual([]);
  });

  test('the only delete failing: exit 1', async ({ harnessOf }) => {
    const harness = await withWeeks(harnessOf({ version }));
    harness.simulator.failNext('delete', '550 permission denied');
    const { code, stderr } = await harness.run('delete-remote', '--name', own, '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain(`no remote backup was deleted: ${own} (550 permission denied)`);
    expect(harness.log).toContain('550 permission denied');
  });

  test('gone meanwhile counts as deleted if a list that is not empty agrees', async ({
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

    test('from the start: every selection is exit 1, and nothing is asked of it', async ({
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

    test('what is local is not compared with it either', async ({ harnessOf }) => {
      const harness = await withWeeks(harnessOf({ version }));
      addWeeks(harness, 'local');
      harness.lastBackup = diff6;
      harness.simulator.storageDown = true;
      const { code } = await harness.run('delete-local', '--keep', '1', '--yes');
      expect(code).toBe(1);
      expect(namesAt(harness, 'local')).toEqual(names);
    });

    test('since the plan was shown: exit 1, nothing believed', async ({ harnessOf }) => {
      const harness = await withWeeks(harnessOf({ version }));
      const down = () => (harness.simulator.storageDown = true);
      beforeRequest(harness, /list\/remote/, down, 2);
      const { code, stderr } = await harness.run('delete-remote', '--all', '--yes');
      expect(code).toBe(1);
      expect(stderr).toContain('lists no backups any more, although it listed 6 before');
      expect(deletesAsked(harness)).toEqual([]);
    });

    test('since the plan under the lock: "not found" is not believed', async ({ harnessOf }) => {
      const harness = await withWeeks(harnessOf({ version }));
      beforeRequest(harness, firstDelete, () => (harness.simulator.storageDown = true));
      const { code, stderr } = await harness.run('delete-remote', '--all', '--yes');
      // The newest server does not answer at all then (contract §11).
      expect(code).toBe(version === '2.8.1' ? 14 : 1);
      if (version !== '2.8.1') {
        expect(stderr).toContain(`${diff6} ('${diff6}' is not found on remote storage)`);
      }
      const asked = new Set(deletesAsked(harness));
      harness.simulator.storageDown = false;
      // What hung there ends when the storage is back; nothing else had been asked for.
      if (version === '2.8.1') expect([...asked]).toEqual([diff6]);
      const hung = version === '2.8.1' ? diff6 : '';
      expect(namesAt(harness, 'remote')).toEqual(names.filter((name) => name !== hung));
    });
  });

  describe('a delete without an answer', () => {
    test('and without an end: exit 14 after 10 minutes, nothing more is asked', async ({
      harnessOf,
    }) => {
      const harness = await withWeeks(harnessOf({ version, workMs: { delete: 60 * minute } }));
      const startMs = harness.clock.elapsed();
      const { code, stderr } = await harness.run('delete-remote', '--all', '--yes');
      expect(code).toBe(14);
      expect(stderr).toContain(`${diff6} has not ended after 10 minutes`);
      expect(harness.clock.elapsed() - startMs).toBeLessThan(12 * minute);
      expect(deletesAsked(harness)).toEqual([diff6]);
    });

    test('that never began either: exit 14, nothing more is asked', async ({ harnessOf }) => {
      const harness = await withWeeks(harnessOf({ version }));
      harness.simulator.neverAnswer({ path: /delete/ }, { done: false });
      const { code } = await harness.run('delete-remote', '--all', '--yes');
      expect(code).toBe(14);
      expect(deletesAsked(harness)).toEqual([diff6]);
      expect(namesAt(harness, 'remote')).toEqual(names);
    });

    test('but whose row has ended is done', async ({ harnessOf }) => {
      const harness = await withWeeks(harnessOf({ version }));
      const answerAgain = harness.simulator.neverAnswer({ path: /delete/ });
      beforeRequest(harness, firstDelete, answerAgain, 2);
      const { code } = await harness.run('delete-remote', '--keep', '2', '--yes');
      expect(code).toBe(0);
      expect(deletesAsked(harness)).toEqual([diff3, diff2, full1]);
      expect(harness.log).toContain(`"command": "delete remote ${diff3}"`);
    });

    test.for([
      { done: true, code: 0, left: [own, full5, diff6] },
      { done: false, code: 1, left: names },
    ])(
      'a connection that is cut (done: $done): exit $code, sent once',
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

  test('an older row of the same delete is no proof of this one', async ({ harnessOf }) => {
    const harness = await withWeeks(harnessOf({ version }));
    const argv = ['delete-remote', '--name', own, '--yes'] as const;
    expect((await harness.run(...argv)).code).toBe(0);
    harness.simulator.addBackup('remote', { name: own });
    harness.simulator.loseNextAnswer({ method: 'POST', path: /delete/ }, { done: false });
    const { code, stderr } = await harness.run(...argv);
    expect([code, stderr]).toEqual([1, expect.stringContaining('no remote backup was deleted')]);
  });

  test('an answer that is none: the list decides', async ({ harnessOf }) => {
    const harness = await withWeeks(harnessOf({ version }));
    const page = { status: 200, body: '<html>welcome</html>' };
    harness.simulator.answerNext({ path: /delete/ }, page);
    const { code, stderr } = await harness.run('delete-remote', '--all', '--yes');
    expect(code).toBe(3);
    expect(stderr).toMatch(new RegExp(`not deleted: ${diff6}: .*unexpected response`));
    expect(namesAt(harness, 'remote')).toEqual([full5, diff6]);
  });

  test('a server restarted under a delete: the list decides', async ({ harnessOf }) => {
    const harness = await withWeeks(harnessOf({ version, workMs: { delete: minute } }));
    harness.later(90_000, () => harness.simulator.restart({ rows: 'gone', work: 'stops' }));
    const { code } = await harness.run('delete-remote', '--keep', '2', '--yes');
    expect(code).toBe(3);
    expect(namesAt(harness, 'remote')).toEqual([full1, diff2, own, full5, diff6]);
    expect(orphans(harness.simulator.remote)).toEqual([]);
  });

  test('killed anywhere: no orphan, no base that is gone; the same command finishes', async ({
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

  test('stopped by a signal: exit 143, no orphan, and how far it came', async ({ harnessOf }) => {
    const harness = await withWeeks(harnessOf({ version, workMs: { delete: minute } }));
    const running = harness.start('delete-remote', '--all', '--yes');
    harness.later(90_000, () => running.signal('SIGTERM'));
    const { code, stderr } = await running.done;
    expect(code).toBe(143);
    expect(stderr).toContain('1 of 6 were deleted before it stopped');
    expect(orphans(harness.simulator.remote)).toEqual([]);
    expect(deletesAsked(harness)).toEqual([diff6, full5]);
  });
});

test('a base that the newest server refuses to delete is kept, and so is what it stands on', async ({
  harness,
}) => {
  addWeeks(harness);
  // Somebody uploads an increment on diff2, just when the plan has been made.
  beforeRequest(
    harness,
    new RegExp(`delete/remote/${diff2}`),
    () => void harness.simulator.addBackup('remote', { name: 'late', required: diff2 }),
  );
  const { code, stderr } = await harness.run('delete-remote', '--all', '--yes');
  expect(code).toBe(3);
  expect(stderr).toMatch(
    new RegExp(`not deleted: ${diff2}: kept by the server: '${diff2}' is required by .*late`),
  );
  expect(stderr).toContain(`${full1} (kept, since ${diff2} stays and may need it)`);
  expect(namesAt(harness, 'remote')).toEqual([full1, diff2, 'late']);
  expect(orphans(harness.simulator.remote)).toEqual([]);
});

test('credentials refused: 12; no server: 13', async ({ harness }) => {
  addWeeks(harness);
  const argv = ['delete-remote', harness.host, 'rlAPIuser', 'wrong', '--all', '--yes'];
  expect((await harness.startRaw(argv).done).code).toBe(12);
  harness.simulator.refuse = true;
  expect((await harness.run('delete-remote', '--all', '--yes')).code).toBe(13);
  expect(namesAt(harness, 'remote')).toEqual(names);
});
