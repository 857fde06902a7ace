import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { StateError } from '../../src/errors.js';
import { diskWithLocks } from '../support/lock-in-memory.js';
import { type Harness, test } from '../support/harness.js';

const minute = 60_000;
const full = 'FULL_CH_BK_2026-11-22_10-00-00';

const statusName = (harness: Harness) => `.${harness.hostInFiles}_status.json`;

/** Returns the status file as anyone reads it. */
function statusOf(harness: Harness): {
  firstRunAt: string;
  lastRuns: Record<string, Record<string, unknown>>;
  lastSuccess: Record<string, Record<string, unknown>>;
} {
  return JSON.parse(harness.file(statusName(harness)) ?? '{}') as ReturnType<typeof statusOf>;
}

test('the status file names the last run of each command and the last success of each kind', async ({
  harness,
}) => {
  await harness.run('create-full');
  await harness.clock.sleep(60 * minute);
  await harness.run('create-diff');
  expect(statusOf(harness)).toEqual({
    firstRunAt: '2026-11-22T10:00:00.000Z',
    lastRuns: {
      'create-full': {
        backup: full,
        base: null,
        replica: harness.hostInFiles,
        startedAt: '2026-11-22T10:00:00.000Z',
        finishedAt: '2026-11-22T10:00:03.000Z',
        seconds: 3,
        exitCode: 0,
        error: null,
      },
      'create-diff': {
        backup: 'DIFF_CH_BK_2026-11-22_11-00-03',
        base: full,
        replica: harness.hostInFiles,
        startedAt: '2026-11-22T11:00:03.000Z',
        finishedAt: '2026-11-22T11:00:06.000Z',
        seconds: 3,
        exitCode: 0,
        error: null,
      },
    },
    lastSuccess: {
      FULL: {
        backup: full,
        base: null,
        replica: harness.hostInFiles,
        createdAt: '2026-11-22T10:00:00.000Z',
        recordedAt: '2026-11-22T10:00:03.000Z',
        dataBytes: 8_440_800,
        chainLength: 1,
        fullBackup: full,
        createSeconds: 1,
        uploadSeconds: 2,
        notReplicated: [],
      },
      DIFF: {
        backup: 'DIFF_CH_BK_2026-11-22_11-00-03',
        base: full,
        replica: harness.hostInFiles,
        createdAt: '2026-11-22T11:00:03.000Z',
        recordedAt: '2026-11-22T11:00:06.000Z',
        dataBytes: 8_440_800,
        chainLength: 2,
        fullBackup: full,
        createSeconds: 1,
        uploadSeconds: 2,
        notReplicated: [],
      },
    },
  });
});

test('the times of create and upload do not include the wait for a busy server', async ({
  harness,
}) => {
  harness.when('create', () => harness.simulator.busyWith('watch', 20 * minute));
  harness.when('upload', () => harness.simulator.busyWith('watch', 20 * minute));
  const { code, stderr, stdout } = await harness.run('create-full', '--json');
  expect([code, stderr.match(/waiting for `watch`/g)?.length]).toEqual([0, 2]);
  const { createSeconds, uploadSeconds, startedAt, finishedAt } = JSON.parse(stdout) as Record<
    string,
    unknown
  >;
  expect(createSeconds).toBeLessThan(2);
  expect(uploadSeconds).toBeLessThan(3);
  const tookMs = Date.parse(String(finishedAt)) - Date.parse(String(startedAt));
  expect(tookMs).toBeGreaterThan(40 * minute);
});

test('a size that the server does not show is unknown', async ({ harness }) => {
  const row = { name: full, location: 'remote', created: '2026-11-22 10:00:00', required: '' };
  const body = `${JSON.stringify({ ...row, desc: 'tar, regular' })}\n`;
  harness.simulator.answerNext({ path: /list\/remote/ }, { status: 200, body });
  const { stderr } = await harness.run('create-full');
  expect(stderr).toContain(
    `backup ${full} was uploaded in full, verified and recorded: unknown size, created in 1s`,
  );
  expect(statusOf(harness).lastSuccess['FULL']).toMatchObject({ dataBytes: null });
});

const failNextCreate = ({ simulator }: Harness) => simulator.failNext('create', 'no space');
const goDown = ({ simulator }: Harness) => void (simulator.refuse = true);

test.for([
  ['a failed create', failNextCreate, 1],
  ['a server that is down', goDown, 13],
] as const)(
  '%s changes the last run, not the last success',
  async ([, spoil, code], { harness }) => {
    await harness.run('create-full');
    const before = statusOf(harness);
    spoil(harness);
    expect((await harness.run('create-full')).code).toBe(code);
    const { lastRuns, ...rest } = statusOf(harness);
    expect(lastRuns['create-full']).toMatchObject({ exitCode: code, base: null });
    expect(lastRuns['create-full']?.['error']).toMatch(/./);
    const { lastRuns: _, ...restBefore } = before;
    expect(rest).toEqual(restBefore);
  },
);

test('a signal and a lost log file are in the status file with their exit codes', async ({
  harness,
}) => {
  const running = harness.start('create-full');
  harness.when('upload', () => running.signal('SIGTERM'));
  expect((await running.done).code).toBe(143);
  expect(statusOf(harness).lastRuns['create-full']).toMatchObject({
    backup: full,
    exitCode: 143,
    error: 'stopped by SIGTERM; the server may still be working',
  });
  const disk = diskWithLocks(new Map());
  harness.environment = {
    disk: {
      ...disk,
      append: (file, text) => {
        if (text.includes('finished')) throw new StateError(`cannot write ${file}: ENOSPC`);
        disk.append(file, text);
      },
    },
  };
  expect((await harness.run('create-diff')).code).toBe(1);
  const { lastRuns, lastSuccess } = statusOf(harness);
  expect(lastRuns['create-diff']).toMatchObject({ exitCode: 1 });
  expect(lastRuns['create-diff']?.['error']).toContain('ENOSPC');
  expect(lastSuccess['DIFF']).toMatchObject({ backup: harness.lastBackup });
});

test('a recovered backup is the last success of its kind', async ({ harness }) => {
  const { killed } = await harness.runKilled(/^POST \/backup\/upload/, 'create-full');
  expect(killed).toBe(true);
  expect(harness.file(statusName(harness))).toBeUndefined();
  await harness.clock.sleep(60 * minute);
  harness.simulator.failNext('create', 'no space');
  expect((await harness.run('create-diff')).code).toBe(1);
  const { lastRuns, lastSuccess } = statusOf(harness);
  expect(lastRuns).toMatchObject({ 'create-diff': { exitCode: 1 } });
  expect(lastSuccess).toEqual({
    FULL: {
      backup: full,
      base: null,
      replica: harness.hostInFiles,
      createdAt: '2026-11-22T10:00:00.000Z',
      recordedAt: expect.stringMatching(/^2026-11-22T11:00/) as string,
      dataBytes: 8_440_800,
      chainLength: 1,
      fullBackup: full,
      createSeconds: null,
      uploadSeconds: null,
      notReplicated: [],
    },
  });
});

test('a clock that was set back does not keep an older success', async ({ harness }) => {
  await harness.run('create-full');
  harness.clock.shiftWallClock(-24 * 60 * minute);
  await harness.run('create-full');
  expect(statusOf(harness).lastSuccess['FULL']).toMatchObject({
    backup: 'FULL_CH_BK_2026-11-21_10-00-03',
    createdAt: '2026-11-21T10:00:03.000Z',
  });
  expect(statusOf(harness).lastRuns['create-full']).toMatchObject({ seconds: 3 });
});

test('deletes and restores are runs too; lists, dry runs and refused questions are not', async ({
  harness,
}) => {
  await harness.run('create-full');
  const before = harness.file(statusName(harness));
  await harness.run('list');
  await harness.run('delete-remote', '--all', '--dry-run');
  expect((await harness.run('delete-remote', '--all')).code).toBe(2);
  expect(harness.file(statusName(harness))).toBe(before);
  const { code } = await harness.run('restore-table', '--', 'x');
  expect(code).toBe(2);
  const argv = ['restore-table', 'latest', 'shop.orders', harness.host, 'rlAPIuser'];
  const restore = harness.startRaw([...argv, harness.password, '--append']);
  expect((await restore.done).code).toBe(0);
  expect((await harness.run('delete-remote', '--all', '--yes')).code).toBe(0);
  const { lastRuns, lastSuccess } = statusOf(harness);
  expect(lastRuns).toMatchObject({
    'restore-table': { backup: full, exitCode: 0 },
    'delete-remote': { backup: null, base: null, exitCode: 0 },
  });
  expect(lastSuccess['FULL']).toMatchObject({ backup: full });
});

test('a run that never gets the lock leaves the status file alone', async ({ harness }) => {
  await harness.run('create-full');
  const before = harness.file(statusName(harness));
  const free = harness.holdLock('');
  expect((await harness.run('create-full', '--wait', '1m')).code).toBe(11);
  free();
  expect(harness.file(statusName(harness))).toBe(before);
});

describe('a broken status file', () => {
  test.for(['', '{}', 'null', '[]', '{"firstRunAt":"2026-11-22 10:00:00"}', '\0\0'])(
    'that contains %j is begun again',
    async (text, { harness }) => {
      await harness.run('create-full');
      harness.writeFile(statusName(harness), text);
      await harness.clock.sleep(60 * minute);
      const { code, stderr } = await harness.run('create-diff');
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('WARNING')]);
      const { firstRunAt, lastRuns, lastSuccess } = statusOf(harness);
      expect(firstRunAt).toBe('2026-11-22T11:00:03.000Z');
      expect(Object.keys(lastRuns)).toEqual(['create-diff']);
      expect(Object.keys(lastSuccess)).toEqual(['DIFF']);
    },
  );

  test('that cannot be read now keeps its last success', async ({ harness }) => {
    await harness.run('create-full');
    const before = harness.file(statusName(harness));
    const real = diskWithLocks(new Map());
    const read = (file: string) => {
      if (file.endsWith('_status.json')) throw new StateError(`cannot read ${file}: EIO`);
      return real.read(file);
    };
    harness.environment = { disk: { ...real, read } };
    const { code, stderr } = await harness.run('create-diff');
    expect([code, stderr]).toEqual([0, expect.stringContaining('status.json is out of date')]);
    expect(harness.file(statusName(harness))).toBe(before);
  });

  test('that cannot be used is a warning, also in the log, with the same exit code', async ({
    harness,
  }) => {
    mkdirSync(path.join(harness.logDir, statusName(harness)), { recursive: true });
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    const warnings = stderr.split('\n').filter((line) => line.includes('[WARNING]'));
    expect(warnings).toEqual([
      expect.stringMatching(/the status file \S+_status\.json is out of date: cannot read /),
    ]);
    expect(harness.log).toMatch(/WARNING:\nthe status file \S+ is out of date/);
    expect(existsSync(path.join(harness.logDir, `${statusName(harness)}.new`))).toBe(false);
  });
});
