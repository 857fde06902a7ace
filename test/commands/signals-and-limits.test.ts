import { describe, expect } from 'vitest';
import type { Step } from '../../src/use-cases/steps.js';
import { test, versions } from '../support/harness.js';

const minute = 60_000;
const hour = 60 * minute;

describe.for([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('%s', ([signal, exitCode]) => {
  test.for([
    'lock',
    'reserve-name',
    'create',
    'created',
    'upload',
    'uploaded',
    'verify-upload',
  ] as const)(
    `exits with ${exitCode} at the step %s, and the next run recovers`,
    async (step: Step, { harness }) => {
      const running = harness.start('create-full');
      harness.when(step, () => running.signal(signal));
      const { code, stderr } = await running.done;
      expect(code).toBe(exitCode);
      const isSent = !['lock', 'reserve-name', 'create'].includes(step);
      const consequence = isSent ? 'the server may still be working' : 'nothing was created';
      expect(stderr).toMatch(new RegExp(`::::\\[ERROR\\] stopped by ${signal}; ${consequence}`));
      expect(/the outcome of backup \S+ is unknown/.test(stderr)).toBe(isSent);
      expect(harness.lastBackup).toBeUndefined();
      expect(harness.journal === undefined).toBe(!isSent);
      expect(harness.log).toMatch(/\nERROR:\nstopped by [^]*##### finished at/);
      const next = await harness.run('create-diff');
      expect(next.code).toBe(0);
      expect(harness.journal).toBeUndefined();
      expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
    },
  );

  test('ends the run at once during a long upload, while the server continues', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ workMs: { upload: hour } });
    const running = harness.start('create-full');
    harness.later(10 * minute, () => running.signal(signal));
    const startMs = harness.clock.elapsed();
    expect((await running.done).code).toBe(exitCode);
    expect(harness.clock.elapsed() - startMs).toBeCloseTo(10 * minute);
    expect(harness.simulator.actions.at(-1)?.status).toBe('in progress');
    expect(harness.requests(/kill/)).toEqual([]);
    const { backup } = JSON.parse(harness.journal ?? '') as { backup: string };
    expect((await harness.run('create-full')).stderr).toContain(
      `${backup} of the previous run is complete`,
    );
  });

  test('ends the run while it waits for a busy server, for the lock or for a response', async ({
    harness,
  }) => {
    harness.simulator.busyWith('watch', 10 * hour);
    const busy = harness.start('create-full');
    harness.later(minute, () => busy.signal(signal));
    expect((await busy.done).code).toBe(exitCode);

    const free = harness.holdLock('');
    const locked = harness.start('create-full');
    harness.later(minute, () => locked.signal(signal));
    expect((await locked.done).code).toBe(exitCode);
    free();

    const answer = harness.simulator.neverAnswer({ path: /./ });
    const unanswered = harness.start('create-full');
    harness.later(1000, () => unanswered.signal(signal));
    expect((await unanswered.done).code).toBe(exitCode);
    answer();
  });
});

describe.each(versions)('--timeout, with a server %s', (version) => {
  test.for(['create', 'upload'] as const)(
    'exits with 14 during the %s and keeps the journal; the next run recovers',
    async (what, { harnessOf }) => {
      const harness = await harnessOf({ version, workMs: { [what]: hour } });
      const startMs = harness.clock.elapsed();
      const { code, stderr } = await harness.run('create-full', '--timeout', '20m');
      expect(code).toBe(14);
      expect(harness.clock.elapsed() - startMs).toBeGreaterThan(20 * minute);
      expect(harness.clock.elapsed() - startMs).toBeLessThan(20.5 * minute);
      expect(stderr).toMatch(
        /::::\[ERROR\] clickhouse-backup is still working on backup FULL_\S+ after 20m/,
      );
      expect(harness.lastBackup).toBeUndefined();
      const { backup, phase } = JSON.parse(harness.journal ?? '') as Record<string, string>;
      expect(phase).toBe(what);
      const next = await harness.run('create-full');
      expect(next.code).toBe(0);
      expect(next.stderr).toContain(
        what === 'upload'
          ? `${backup} of the previous run is complete`
          : `${backup} of the previous run failed: its upload was never requested`,
      );
    },
  );
});

test('gives up on an operation after 24 hours without --timeout', async ({ harnessOf }) => {
  const harness = await harnessOf({ workMs: { create: 10, upload: 25 * hour } });
  const startMs = harness.clock.elapsed();
  expect((await harness.run('create-full')).code).toBe(14);
  expect((harness.clock.elapsed() - startMs) / hour).toBeCloseTo(24);
}, 60_000);

test('notices the end of long work within 15 seconds', async ({ harnessOf }) => {
  const harness = await harnessOf({ workMs: { create: 100, upload: 3 * hour } });
  const startMs = harness.clock.elapsed();
  await harness.run('create-full');
  expect(harness.clock.elapsed() - startMs - 3 * hour).toBeLessThan(15_500);
});
