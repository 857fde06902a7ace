import { describe, expect } from 'vitest';
import { beforeRequest } from '../support/before-request.js';
import { type Harness, type Result, test, versions } from '../support/harness.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

async function timed(harness: Harness, run: Promise<Result>) {
  const startMs = harness.clock.elapsed();
  const result = await run;
  return { ...result, minutes: Math.round((harness.clock.elapsed() - startMs) / minute) };
}

/** Starts a list that does not end, as if an earlier run had left it running. */
async function leaveList({ simulator, clock }: Harness, ageMs: number): Promise<void> {
  simulator.busyWith('list remote', day);
  await clock.sleep(ageMs);
}

const refusing = ['2.6.30', '2.8.1'] as const;
const zones = [0, 330, -210];

describe.each(refusing)('a server %s that refuses work because of an old list', (version) => {
  test.for([
    {
      wait: '6h',
      minutes: 11,
      why: 'its age is known after ten minutes, and it gets one more to end',
    },
    { wait: '0', minutes: 0, why: "chbackup's own list reveals its age" },
  ])('exits with 14 with --wait $wait: $why', async ({ wait, minutes }, { harnessOf }) => {
    for (const utcOffsetMinutes of zones) {
      const harness = await harnessOf({ version, utcOffsetMinutes });
      await leaveList(harness, hour);
      const run = await timed(harness, harness.run('create-full', '--wait', wait));
      expect(run).toMatchObject({ code: 14, minutes });
      expect(run.stderr).toMatch(
        /\[ERROR\] `list remote` has been running on 127\S+ since 2026-11-22 \d\d:\d0:00 by its clock, and 127\S+ starts nothing else until it ends \(check that the remote storage answers; /,
      );
    }
  });

  test('finds out its age from the action log rows of the previous run', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    await leaveList(harness, hour);
    await harness.run('create-full', '--wait', '0');
    await harness.clock.sleep(hour);
    const run = await timed(harness, harness.run('create-diff'));
    expect(run).toMatchObject({ code: 14, minutes: 1 });
  });

  test('waits for a list that ends within a minute', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.simulator.busyWith('list', hour + 30_000);
    await harness.run('list');
    await harness.clock.sleep(hour);
    const run = await timed(harness, harness.run('create-full'));
    expect(run).toMatchObject({ code: 0, minutes: 1 });
    expect(run.stderr).toContain('waiting for `list`, which has been running since');
  });

  test('exits with 13 if there are several old lists and ClickHouse fails meanwhile', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    for (const command of ['list', 'list local', 'list remote']) {
      harness.simulator.busyWith(command, day);
    }
    await harness.clock.sleep(hour);
    harness.when('create', () => (harness.simulator.clickHouseDown = true));
    const { code, stderr } = await harness.run('create-full', '--wait', '0');
    expect([code, stderr]).toEqual([13, expect.stringContaining('ClickHouse behind 127')]);
  });

  test('refuses a delete too', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.simulator.addBackup('remote', { name: 'OLD' });
    await leaveList(harness, hour);
    const { code } = await harness.run('delete-remote', '--name', 'OLD', '--yes', '--wait', '0');
    expect(code).toBe(14);
    expect(harness.simulator.remote.has('OLD')).toBe(true);
  });

  test('waits for other running work and names it', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    await leaveList(harness, hour);
    harness.simulator.busyWith('upload OTHER', 20 * minute);
    const { code, stderr } = await harness.run('create-full', '--wait', '5m');
    expect(code).toBe(11);
    expect(stderr).toMatch(/\[ERROR\] .* is busy: `upload OTHER` has been running since/);
  });

  test('treats a list of three minutes as busy', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.simulator.busyWith('list remote', 3 * minute);
    const run = await timed(harness, harness.run('create-full'));
    expect(run).toMatchObject({ code: 0, minutes: 3 });
    expect(run.stderr).toContain('waiting for `list remote`, which has been running since');
  });

  test('exits with 11 if the list is younger than ten minutes at the end of --wait', async ({
    harnessOf,
  }) => {
    for (const wait of ['0', '1m', '4m']) {
      const harness = await harnessOf({ version });
      await leaveList(harness, 4 * minute);
      const { code, stderr } = await harness.run('create-full', '--wait', wait);
      expect([code, stderr]).toEqual([
        11,
        expect.stringContaining('is busy: `list remote` has been running'),
      ]);
    }
  });

  test.for([
    { wait: '0', minutes: 0 },
    { wait: '5m', minutes: 5 },
    { wait: '6h', minutes: 11 },
  ])(
    "exits with 14, not 11, if chbackup's own list lost its response and hangs, --wait $wait",
    async ({ wait, minutes }, { harnessOf }) => {
      const harness = await harnessOf({ version });
      harness.simulator.loseNextAnswer({ path: /list/ }, { done: false });
      beforeRequest(harness, /list\/local/, () => harness.simulator.busyWith('list local', day));
      const run = await timed(harness, harness.run('create-full', '--wait', wait));
      expect(run).toMatchObject({ code: 14, minutes });
      expect(run.stderr).toContain('`list local` has been running on');
    },
  );
});

test.for(['0', '6h'])(
  'a server 2.4.0 accepts work even if a list hangs, --wait %s',
  async (wait, { harnessOf }) => {
    const harness = await harnessOf({ version: '2.4.0' });
    await leaveList(harness, hour);
    expect((await harness.run('create-full', '--wait', wait)).code).toBe(0);
  },
);

test.for(versions)(
  'treats no other action as hung, however old it is: %s',
  async (version, { harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.simulator.busyWith('watch', day);
    await harness.clock.sleep(hour);
    harness.simulator.busyWith('listen', day);
    const { code } = await harness.run('create-full', '--wait', '30m');
    expect(code).toBe(11);
  },
);
