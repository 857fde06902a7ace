import { describe, expect } from 'vitest';
import { nodeDisk } from '../../src/state/disk.js';
import { type Harness, test, versions } from '../support/harness.js';
import { diskWithLocks } from '../support/lock-in-memory.js';

const minute = 60_000;

const createdNames = ({ simulator }: Harness) =>
  simulator.requests
    .filter(({ method, path }) => method === 'POST' && path.startsWith('/backup/create'))
    .map(({ path }) => path.split('name=')[1]);

describe.each(versions)('runs on one host, with a server %s', (version) => {
  test('the second run waits and names the first', async ({ harnessOf }) => {
    const harness = await harnessOf({ version, workMs: { upload: 7 * minute } });
    const first = harness.start('create-full');
    await harness.clock.sleep(5000);
    const second = harness.start('create-diff');
    const results = await Promise.all([first.done, second.done]);
    expect(results.map(({ code }) => code)).toEqual([0, 0]);
    expect(results[1].stderr).toMatch(
      /\[WARNING\] waiting for `chbackup create-full FULL_\S+`, which has been running since/,
    );
    expect(results[1].stderr).toContain('finished waiting');
    const full = createdNames(harness)[0];
    expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe(full);
  });

  test('the second run exits with 11 after --wait and names the first', async ({ harnessOf }) => {
    const harness = await harnessOf({ version, workMs: { upload: 60 * minute } });
    const first = harness.start('create-full');
    await harness.clock.sleep(5000);
    const startMs = harness.clock.elapsed();
    const { code, stderr } = await harness.run('create-diff', '--wait', '3m');
    expect(code).toBe(11);
    expect(harness.clock.elapsed() - startMs).toBeCloseTo(3 * minute);
    expect(stderr).toMatch(
      /::::\[ERROR\] another chbackup is working on 127\S+: create-full \(FULL_\S+\) since 2026-11-22 10:00:00 \(run again/,
    );
    expect((await first.done).code).toBe(0);
    expect(createdNames(harness)).toHaveLength(1);
  });

  test('eight runs started at once run in turn, each based on the one before', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    await harness.run('create-full');
    const results = await Promise.all(
      Array.from({ length: 8 }, () => harness.run('create-diff', '--wait', '2h')),
    );
    expect(results.map(({ code }) => code)).toEqual(Array(8).fill(0));
    expect(new Set(createdNames(harness)).size).toBe(9);
    // A chain of nine: no run had a base that was not recorded yet.
    const chain: string[] = [];
    for (let name = harness.lastBackup ?? ''; name !== '';) {
      chain.push(name);
      name = harness.simulator.remote.get(name)?.required ?? '';
    }
    expect(chain).toHaveLength(9);
    expect(harness.simulator.isWhole(chain[0] ?? '')).toBe(true);
  });
});

test('exits with 11 even if the lock file does not describe its holder', async ({ harness }) => {
  for (const text of ['', 'rubbish', '{"command":1}']) {
    const free = harness.holdLock(text);
    const { code, stderr } = await harness.run('create-full', '--wait', '0');
    expect(code).toBe(11);
    expect(stderr).toContain('another chbackup is working on');
    free();
  }
  expect(harness.requests()).toEqual([]);
});

test('waits for a holder that the lock file does not describe', async ({ harness }) => {
  harness.later(minute, harness.holdLock(''));
  const { code, stderr } = await harness.run('create-full');
  expect(code).toBe(0);
  expect(stderr).toContain('[WARNING] waiting for `chbackup`, which has been running already\n');
});

test('names the command of a holder that has no backup yet', async ({ harness }) => {
  harness.simulator.busyWith('watch', minute);
  const first = harness.start('create-full');
  await harness.clock.sleep(5000);
  const { code, stderr } = await harness.run('create-diff', '--wait', '0');
  expect(code).toBe(11);
  expect(stderr).toContain(': create-full since 2026-11-22 10:00:00 (run again');
  expect((await first.done).code).toBe(0);
});

test('removes escape sequences from the description of the holder', async ({ harness }) => {
  harness.holdLock(
    JSON.stringify({ command: 'a\u001B[2J\nb', backup: 'c\u202Ed', since: '\u009B31m' }),
  );
  const { code, stderr } = await harness.run('create-full', '--wait', '1m', '--no-color');
  expect(code).toBe(11);
  // oxlint-disable-next-line no-control-regex
  expect(stderr).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/);
  for (const line of stderr.trimEnd().split('\n')) expect(line).toMatch(/^2026-11-22 /);
});

test('releases the lock after success, failure and a signal', async ({ harness }) => {
  await harness.run('create-full');
  harness.simulator.failNext('create', 'no');
  await harness.run('create-full');
  const running = harness.start('create-full');
  harness.when('create', () => running.signal('SIGTERM'));
  await running.done;
  const { code } = await harness.run('create-full', '--wait', '1m');
  expect(code).toBe(0);
});

describe('backup names', () => {
  test('differ for two hosts in the same second', async ({ harnessOf }) => {
    const [one, other] = [await harnessOf({}), await harnessOf({})];
    other.env['CHBACKUP_LOG_DIR'] = one.logDir;
    const disk = diskWithLocks(new Map());
    const results = await Promise.all(
      [one, other].map(
        (harness) =>
          harness.startRaw(['create-full', harness.host, 'rlAPIuser', harness.password], { disk })
            .done,
      ),
    );
    expect(results.map(({ code }) => code)).toEqual([0, 0]);
    expect(new Set([...createdNames(one), ...createdNames(other)])).toEqual(
      new Set(['FULL_CH_BK_2026-11-22_10-00-00', 'FULL_CH_BK_2026-11-22_10-00-00_2']),
    );
  });

  test('are not used twice if the clock is set back', async ({ harness }) => {
    for (let run = 1; run <= 3; run++) {
      const before = harness.clock.now();
      expect((await harness.run('create-full')).code).toBe(0);
      harness.clock.shiftWallClock(before - harness.clock.now());
    }
    expect(createdNames(harness)).toEqual([
      'FULL_CH_BK_2026-11-22_10-00-00',
      'FULL_CH_BK_2026-11-22_10-00-00_2',
      'FULL_CH_BK_2026-11-22_10-00-00_3',
    ]);
    expect(harness.simulator.remote.size).toBe(3);
  });

  test('are not used again if they are listed, even if the file of used names is lost', async ({
    harness,
  }) => {
    for (const command of ['create-full', 'create-diff'] as const) {
      const before = harness.clock.now();
      await harness.run(command);
      const first = harness.lastBackup;
      harness.removeFile('.given_names');
      harness.clock.shiftWallClock(before - harness.clock.now());
      await harness.run(command);
      expect(harness.lastBackup).toBe(`${first}_2`);
    }
  });

  test('are not used again after a failed run', async ({ harness }) => {
    const before = harness.clock.now();
    harness.simulator.failNext('create', 'no');
    await harness.run('create-full');
    harness.clock.shiftWallClock(before - harness.clock.now());
    await harness.run('create-full');
    expect(harness.lastBackup).toMatch(/_2$/);
  });

  test('end the run if their file stays locked', async ({ harness }) => {
    const disk = nodeDisk(undefined);
    const { done } = harness.startRaw(
      ['create-full', harness.host, 'rlAPIuser', harness.password],
      {
        disk: {
          ...disk,
          tryLock: (file) =>
            file.endsWith('.given_names_lock')
              ? { kind: 'held', holder: '' }
              : {
                  kind: 'taken',
                  lock: { describe: () => undefined, release: () => undefined },
                },
        },
      },
    );
    const { code, stderr } = await done;
    expect(code).toBe(1);
    expect(stderr).toContain('.given_names_lock: another process holds the lock');
    expect(createdNames(harness)).toEqual([]);
  });
});
