import { describe, expect } from 'vitest';
import { StateError } from '../../src/errors.js';
import { type Harness, test } from '../support/harness.js';
import { diskWithLocks } from '../support/lock-in-memory.js';

const minute = 60_000;
const hour = 60 * minute;

const statusName = (harness: Harness) => `.${harness.hostInFiles}_status.json`;

interface Status {
  lastRuns: Record<string, Record<string, unknown>>;
  lastSuccess: Record<string, Record<string, unknown>>;
}

const statusOf = (harness: Harness) =>
  JSON.parse(harness.file(statusName(harness)) ?? '{}') as Status;

/** Runs a command that must succeed, and returns the backup that is the last one then. */
async function make(harness: Harness, command: string, ...options: string[]): Promise<string> {
  expect(await harness.run(command, ...options)).toMatchObject({ code: 0 });
  return harness.lastBackup ?? '';
}

/** Returns everything that a run without effect must leave as it is. */
const effectsOf = (harness: Harness) => ({
  requests: harness.requests(),
  files: harness.files.map((name) => [name, harness.file(name)]),
});

const posts = (harness: Harness) => harness.requests(/^POST/).length;

/** Removes the files of all runs, as in a new container. */
function forget(harness: Harness): void {
  for (const name of harness.files) harness.removeFile(name);
}

describe('if the last backup is young enough, the run', () => {
  test('sends no request, writes nothing and says so in one line', async ({ harness }) => {
    await make(harness, 'create-full');
    const diff = await make(harness, 'create-diff');
    await harness.clock.sleep(12 * minute);
    const before = effectsOf(harness);
    const { code, stdout, stderr } = await harness.run('create-diff', '--if-older-than', '50m');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(
      new RegExp(
        `^\\S+ \\S+ ${harness.host} \\[INFO\\] backup ${diff} is 12m \\d+s old, and --if-older-than is 50m; nothing to do\n$`,
      ),
    );
    expect(effectsOf(harness)).toEqual(before);
  });

  test('prints nothing with --quiet', async ({ harness }) => {
    await make(harness, 'create-full');
    const result = await harness.run('create-full', '--if-older-than', '20h', '--quiet');
    expect(result).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  test('prints the backup and its age with --json', async ({ harness }) => {
    const full = await make(harness, 'create-full');
    await harness.clock.sleep(12 * minute);
    const { stdout, stderr } = await harness.run('create-diff', '--if-older-than', '1d', '--json');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      command: 'create-diff',
      host: harness.host,
      skipped: true,
      backup: full,
      ageSeconds: 12 * 60 + 3,
    });
  });

  test('needs neither the lock nor a server that is up', async ({ harness }) => {
    await make(harness, 'create-full');
    harness.holdLock('{"command":"create-diff","backup":"","since":"2026-11-22 10:00:00"}');
    harness.simulator.refuse = true;
    expect(await harness.run('create-diff', '--if-older-than', '50m')).toMatchObject({ code: 0 });
    expect(await harness.run('create-diff', '--wait', '0')).toMatchObject({ code: 11 });
  });
});

test('the age is counted from the create, up to and including the limit', async ({ harness }) => {
  const full = await make(harness, 'create-full');
  await harness.clock.sleep(50 * minute - 3000);
  expect(await make(harness, 'create-diff', '--if-older-than', '50m')).toBe(full);
  await harness.clock.sleep(1);
  expect(await make(harness, 'create-diff', '--if-older-than', '50m')).not.toBe(full);
});

test('a repeat does only what failed', async ({ harness }) => {
  await make(harness, 'create-full');
  await harness.clock.sleep(hour);
  harness.simulator.failNext('upload', 'no space left on device');
  expect(await harness.run('create-diff')).toMatchObject({ code: 1 });
  const diff = await make(harness, 'create-diff', '--if-older-than', '50m');
  expect(diff).toMatch(/^DIFF_/);
  expect(await make(harness, 'create-diff', '--if-older-than', '50m')).toBe(diff);
});

describe('create-full --if-older-than counts only a full upload', () => {
  test('on which the last backup is based', async ({ harness }) => {
    const full = await make(harness, 'create-full');
    for (let count = 0; count < 3; count++) {
      await harness.clock.sleep(hour);
      await make(harness, 'create-diff');
    }
    const diff = harness.lastBackup;
    const { stderr } = await harness.run('create-full', '--if-older-than', '20h');
    expect(stderr).toContain(`backup ${full} is 3h`);
    expect(harness.lastBackup).toBe(diff);
    const before = posts(harness);
    expect(await make(harness, 'create-full', '--if-older-than', '2h')).toMatch(/^FULL_/);
    expect(posts(harness)).toBe(before + 2);
  });

  test('also a DIFF without a base', async ({ harness }) => {
    const diff = await make(harness, 'create-diff');
    const next = await make(harness, 'create-diff');
    expect(statusOf(harness).lastSuccess['DIFF']).toMatchObject({ backup: next, base: diff });
    await harness.clock.sleep(hour);
    const { stderr } = await harness.run('create-full', '--if-older-than', '20h');
    expect(stderr).toContain(`backup ${diff} is 1h`);
    expect(harness.lastBackup).toBe(next);
  });

  test('not one that the last backup is not based on', async ({ harness }) => {
    const old = await make(harness, 'create-full');
    await harness.clock.sleep(30 * hour);
    const young = await make(harness, 'create-full');
    harness.lastBackup = old;
    const diff = await make(harness, 'create-diff');
    expect(harness.simulator.remote.get(diff)?.required).toBe(old);
    expect(statusOf(harness).lastSuccess['FULL']).toMatchObject({ backup: young });
    expect(await make(harness, 'create-full', '--if-older-than', '20h')).not.toBe(diff);
  });

  test('and none if the status file does not name it', async ({ harness }) => {
    await make(harness, 'create-full');
    const diff = await make(harness, 'create-diff');
    const status = statusOf(harness);
    delete status.lastSuccess['DIFF']?.['fullBackup'];
    harness.writeFile(statusName(harness), JSON.stringify(status));
    const full = await make(harness, 'create-full', '--if-older-than', '20h');
    expect(full).not.toBe(diff);
    expect(statusOf(harness).lastSuccess['DIFF']).toMatchObject({ backup: diff, fullBackup: null });
    harness.removeFile(statusName(harness));
    expect(await make(harness, 'create-full', '--if-older-than', '20h')).toBe(full);
  });
});

describe('the backup is made', () => {
  test('if the last backup is in the future', async ({ harness }) => {
    const full = await make(harness, 'create-full');
    harness.clock.shiftWallClock(-2 * hour);
    const diff = await make(harness, 'create-diff', '--if-older-than', '50m');
    expect(diff).not.toBe(full);
    expect(await make(harness, 'create-diff', '--if-older-than', '50m')).toBe(diff);
  });

  test.for(['', '../x', 'my-own-backup'])(
    'if the last-backup file contains %j',
    async (text, { harness }) => {
      await make(harness, 'create-full', '--verbose');
      for (const name of [...harness.simulator.remote.keys()]) {
        harness.simulator.deleteBehind('remote', name);
      }
      harness.simulator.addBackup('remote', { name: 'my-own-backup' });
      harness.lastBackup = text;
      expect(await make(harness, 'create-diff', '--if-older-than', '50m')).toMatch(/^DIFF_/);
    },
  );

  test('if the recorded times cannot be read', async ({ harness }) => {
    const full = await make(harness, 'create-full');
    harness.removeFile(statusName(harness));
    const disk = diskWithLocks(new Map());
    harness.environment = {
      disk: {
        ...disk,
        read(file) {
          if (file.endsWith('.given_names')) throw new StateError(`cannot read ${file}: EIO`);
          return disk.read(file);
        },
      },
    };
    const { code, stderr } = await harness.run('create-diff', '--if-older-than', '50m');
    // It is tried, but without the file no name can be reserved.
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot read') as string,
    });
    expect(harness.lastBackup).toBe(full);
  });
});

test('the recorded time counts, not the one in the name', async ({ harness }) => {
  const full = await make(harness, 'create-full');
  harness.removeFile(statusName(harness));
  await harness.clock.sleep(2 * hour);
  const seconds = Math.floor(harness.clock.now() / 1000) - 60;
  harness.writeFile('.given_names', `${full} ${seconds}\n`);
  const { stderr } = await harness.run('create-diff', '--if-older-than', '50m');
  expect(stderr).toContain(`backup ${full} is 1m`);
});

describe('under the lock', () => {
  test('an interrupted run that turns out complete is recorded, and counts', async ({
    harness,
  }) => {
    await make(harness, 'create-full');
    await harness.clock.sleep(2 * hour);
    const { killed } = await harness.runKilled(/^POST \/backup\/upload/, 'create-diff');
    expect(killed).toBe(true);
    await harness.clock.sleep(10 * minute);
    const before = posts(harness);
    const { code, stderr } = await harness.run('create-diff', '--if-older-than', '50m');
    expect(code).toBe(0);
    expect(harness.lastBackup).toMatch(/^DIFF_/);
    expect(stderr).toContain('has now been verified and recorded');
    expect(stderr).toContain(
      `backup ${harness.lastBackup} is 10m 1s old, and --if-older-than is 50m; nothing to do`,
    );
    expect(posts(harness)).toBe(before);
    expect(harness.journal).toBeUndefined();
    expect(statusOf(harness).lastRuns['create-diff']).toMatchObject({
      backup: null,
      base: null,
      exitCode: 0,
      error: null,
    });
    const [, run = ''] = harness.log.split('##### started').slice(-2);
    expect(run).toContain(`NOTE:\nbackup ${harness.lastBackup} is 10m 1s old`);
    expect(run).toContain('##### finished');
  });

  test('an interrupted run that failed is done again', async ({ harness }) => {
    await make(harness, 'create-full');
    await harness.clock.sleep(2 * hour);
    await harness.runKilled(/^POST \/backup\/create/, 'create-diff');
    const { code, stderr } = await harness.run('create-diff', '--if-older-than', '50m');
    expect(code).toBe(0);
    expect(stderr).toMatch(/of the previous run failed: its upload was never requested/);
    expect(stderr).toContain(`backup ${harness.lastBackup} was uploaded as an increment`);
  });

  test('the backup of the chbackup that was waited for counts', async ({ harness }) => {
    await make(harness, 'create-full');
    await harness.clock.sleep(2 * hour);
    const first = harness.start('create-diff');
    const second = harness.start('create-diff', '--if-older-than', '50m', '--json');
    expect(await first.done).toMatchObject({ code: 0 });
    const { code, stdout } = await second.done;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ skipped: true, backup: harness.lastBackup });
    expect(harness.requests(/^POST \/backup\/create/)).toHaveLength(2);
  });
});

describe('without a last-backup file', () => {
  test('the newest complete backup counts', async ({ harness }) => {
    await make(harness, 'create-full');
    const diff = await make(harness, 'create-diff');
    forget(harness);
    await harness.clock.sleep(10 * minute);
    const before = posts(harness);
    for (const command of ['create-diff', 'create-full']) {
      const { code, stdout } = await harness.run(command, '--if-older-than', '50m', '--json');
      expect(code).toBe(0);
      const name = command === 'create-diff' ? diff : expect.stringMatching(/^FULL_/);
      expect(JSON.parse(stdout)).toMatchObject({ skipped: true, backup: name as string });
    }
    expect(posts(harness)).toBe(before);
    expect([harness.lastBackup, harness.journal]).toEqual([undefined, undefined]);
  });

  test('create-full does not count an increment', async ({ harness }) => {
    await make(harness, 'create-full');
    await harness.clock.sleep(21 * hour);
    await make(harness, 'create-diff');
    forget(harness);
    expect(await make(harness, 'create-full', '--if-older-than', '20h')).toMatch(/^FULL_/);
    forget(harness);
    await make(harness, 'create-full', '--if-older-than', '20h');
    expect(harness.lastBackup).toBeUndefined();
  });

  const spoiled: [string, (harness: Harness, name: string) => void][] = [
    ['is incomplete', ({ simulator }, name) => simulator.setIncomplete(name)],
    ['is broken', ({ simulator }, name) => simulator.setBroken('remote', name)],
    [
      'is not on the list, because it cannot be read',
      ({ simulator }) =>
        simulator.answerNext(
          { path: /backup\/list\/remote/ },
          { status: 500, body: '{"status":"error","operation":"list","error":"EOF"}\n' },
        ),
    ],
    ['cannot be checked', ({ simulator }, name) => simulator.failTableReads('no-answer', 1, name)],
  ];
  test.for(spoiled)('a backup is made if the newest one %s', async ([, spoil], { harness }) => {
    const full = await make(harness, 'create-full');
    forget(harness);
    await harness.clock.sleep(10 * minute);
    spoil(harness, full);
    const made = await make(harness, 'create-full', '--if-older-than', '20h');
    expect(made).toMatch(/^FULL_/);
    expect(made).not.toBe(full);
  });

  test('a backup is made if the server cannot tell which are complete', async ({ harnessOf }) => {
    const harness = await harnessOf({ version: '2.6.30' });
    await make(harness, 'create-full');
    forget(harness);
    await harness.clock.sleep(10 * minute);
    expect(await make(harness, 'create-full', '--if-older-than', '20h')).toMatch(/^FULL_/);
  });

  test('a signal while the list is read ends the run, and nothing is created', async ({
    harness,
  }) => {
    await make(harness, 'create-full');
    forget(harness);
    const before = posts(harness);
    const running = harness.start('create-full', '--if-older-than', '20h');
    harness.when('young-now', () => running.signal('SIGTERM'));
    expect(await running.done).toMatchObject({ code: 143 });
    expect(posts(harness)).toBe(before);
  });
});

test.for([
  ['0', 'is not an age'],
  ['soon', 'is not an age'],
  ['2y', 'is longer than the limit of 365 days'],
] as const)('--if-older-than %s is refused', async ([age, problem], { harness }) => {
  for (const command of ['create-full', 'create-diff']) {
    const { code, stderr } = await harness.run(command, '--if-older-than', age);
    expect(code).toBe(2);
    expect(stderr).toContain(
      `--if-older-than "${age}" ${problem} (give an age such as 50m, 12h or 30d)`,
    );
  }
  expect([harness.requests(), harness.files]).toEqual([[], []]);
});

test('--if-older-than has no variable', async ({ harness }) => {
  harness.env = { CHBACKUP_IF_OLDER_THAN: '50m' };
  const full = await make(harness, 'create-full');
  const { stderr } = await harness.run('create-diff');
  expect(stderr).toContain('ignoring unknown setting CHBACKUP_IF_OLDER_THAN');
  expect(harness.lastBackup).not.toBe(full);
});
