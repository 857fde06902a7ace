import { describe, expect } from 'vitest';
import { type Harness, test, versions } from '../support/harness.js';

const minute = 60_000;

/** Returns the name of each requested create. */
function creates(harness: Harness): string[] {
  return harness.simulator.requests
    .filter(({ method, path }) => method === 'POST' && path.startsWith('/backup/create'))
    .map(({ path }) => path.split('name=')[1] ?? '');
}

/** Waits for an hour, so that the server is idle when the next run starts. */
const anHourLater = (harness: Harness) => harness.clock.sleep(60 * minute);

/**
 * Runs `prepare` and then the command once for each of its effects, on a new server each time, and
 * kills it after that effect. Skips an effect that repeats the one before it.
 */
async function killEverywhere(
  make: () => Promise<Harness>,
  command: string,
  prepare: (harness: Harness) => Promise<unknown>,
  check: (harness: Harness, effect: string) => Promise<void>,
): Promise<string[]> {
  const undisturbed = await make();
  await prepare(undisturbed);
  const { effects } = await undisturbed.runKilled(Infinity, command);
  for (const [at, effect] of effects.entries()) {
    if (effect === effects[at - 1]) continue;
    const harness = await make();
    await prepare(harness);
    const { killed } = await harness.runKilled(at + 1, command);
    expect(killed).toBe(true);
    await check(harness, effect);
  }
  return effects;
}

/** The effects that must be among those after which a run is killed. */
const milestones = [
  'POST /backup/create',
  'POST /backup/upload/',
  'GET /backup/list/remote',
  '_run.json',
  '_last_backup',
  '.given_names',
  '_lock',
];

const quickWork = { create: 150, upload: 150 };

describe.each(versions)('with a server %s', (version) => {
  const make = (harnessOf: (options: object) => Promise<Harness>) => () =>
    harnessOf({ version, workMs: quickWork });

  test('the next DIFF recovers from a first FULL that was killed anywhere', async ({
    harnessOf,
  }) => {
    const effects = await killEverywhere(
      make(harnessOf),
      'create-full',
      () => Promise.resolve(),
      async (harness, effect) => {
        const killedRun = harness.journal;
        const recordedAtKill = harness.lastBackup;
        await anHourLater(harness);
        const { code, stderr } = await harness.run('create-diff');
        expect([effect, code]).toEqual([effect, 0]);
        expect(harness.journal).toBeUndefined();
        const last = harness.simulator.remote.get(harness.lastBackup ?? '');
        expect(last?.name).toMatch(/^DIFF_/);
        expect(harness.simulator.isWhole(last?.name ?? '')).toBe(true);
        expect(new Set(creates(harness)).size).toBe(creates(harness).length);
        const uploaded = [...harness.simulator.remote.keys()].find((name) =>
          name.startsWith('FULL'),
        );
        if (killedRun !== undefined && recordedAtKill === undefined) {
          expect(stderr).toMatch(
            uploaded === undefined
              ? /\[WARNING\] .*FULL_\S+ of the previous run .* not used as a base/
              : /\[WARNING\] backup FULL_\S+ of the previous run is complete/,
          );
          const left = [...harness.simulator.local.keys()].find((name) => name.startsWith('FULL'));
          expect(stderr.includes(`chbackup delete-local ${harness.host} --name ${left}`)).toBe(
            killedRun.includes('"phase":"create"') && left !== undefined,
          );
          if (left === undefined) expect(stderr).not.toContain('delete-local');
        }
        // A backup that was uploaded or recorded is the base; any other never is.
        expect([effect, last?.required]).toEqual([effect, uploaded ?? '']);
      },
    );
    for (const milestone of milestones) {
      expect(effects.some((effect) => effect.includes(milestone))).toBe(true);
    }
  }, 120_000);

  test('the next DIFF recovers from a DIFF that was killed anywhere', async ({ harnessOf }) => {
    await killEverywhere(
      make(harnessOf),
      'create-diff',
      async (harness) => {
        expect((await harness.run('create-full')).code).toBe(0);
        await anHourLater(harness);
      },
      async (harness, effect) => {
        const full = [...harness.simulator.remote.keys()][0];
        const recorded = harness.lastBackup;
        expect(harness.simulator.isWhole(recorded ?? '')).toBe(true);
        await anHourLater(harness);
        const { code } = await harness.run('create-diff');
        expect([effect, code]).toEqual([effect, 0]);
        expect(harness.journal).toBeUndefined();
        const last = harness.simulator.remote.get(harness.lastBackup ?? '');
        expect(harness.simulator.isWhole(last?.name ?? '')).toBe(true);
        expect(new Set(creates(harness)).size).toBe(creates(harness).length);
        const killedDiff = [...harness.simulator.remote.keys()].find(
          (name) => name !== full && name !== last?.name,
        );
        expect([effect, last?.required]).toEqual([effect, killedDiff ?? full]);
      },
    );
  }, 120_000);
});

test('the next run recovers even while the work of the killed run continues', async ({
  harnessOf,
}) => {
  await killEverywhere(
    () => harnessOf({ workMs: { create: 2 * minute, upload: 4 * minute } }),
    'create-full',
    () => Promise.resolve(),
    async (harness, effect) => {
      const { code } = await harness.run('create-diff');
      expect([effect, code]).toEqual([effect, 0]);
      const last = harness.simulator.remote.get(harness.lastBackup ?? '');
      const uploaded = [...harness.simulator.remote.keys()].find((name) => name.startsWith('FULL'));
      expect([effect, last?.required]).toEqual([effect, uploaded ?? '']);
      expect(harness.simulator.isWhole(last?.name ?? '')).toBe(true);
    },
  );
}, 120_000);

/** Kills a run right after the first matching effect and returns the name of its backup. */
async function killAfter(harness: Harness, command: string, effect: RegExp): Promise<string> {
  const { killed } = await harness.runKilled(effect, command);
  expect(killed).toBe(true);
  const { backup } = JSON.parse(harness.journal ?? '{}') as { backup: string };
  return backup;
}

test('exits with 11, names the running work and keeps the journal if it continues past --wait', async ({
  harnessOf,
}) => {
  const harness = await harnessOf({ workMs: { upload: 60 * minute } });
  const backup = await killAfter(harness, 'create-full', /^POST \/backup\/upload/);
  const { journal } = harness;
  const { code, stderr } = await harness.run('create-diff', '--wait', '10m');
  expect(code).toBe(11);
  expect(stderr).toContain(`is busy: \`upload ${backup}\` has been running`);
  expect(harness.journal).toBe(journal);
  expect(creates(harness)).toHaveLength(1);
  const next = await harness.run('create-diff', '--wait', '2h');
  expect(next.code).toBe(0);
  expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe(backup);
});

test('writes each phase to the journal before it sends the request', async ({ harness }) => {
  harness.simulator.addBackup('remote', { name: 'BASE' });
  harness.simulator.addBackup('local', { name: 'BASE' });
  harness.lastBackup = 'BASE';
  const journals: unknown[] = [];
  harness.onStep = (step) => {
    if (step === 'create' || step === 'upload') journals.push(JSON.parse(harness.journal ?? ''));
  };
  await harness.run('create-diff');
  const common = {
    kind: 'DIFF',
    backup: harness.lastBackup,
    replica: harness.hostInFiles,
    startedAt: '2026-11-22 10:00:00',
    lastBackup: 'BASE',
    notReplicated: [],
  };
  expect(journals).toEqual([
    { ...common, phase: 'create', base: '' },
    { ...common, phase: 'upload', base: 'BASE' },
  ]);
});

test('does not record an upload that is based on another backup than requested', async ({
  harness,
}) => {
  const backup = await killAfter(harness, 'create-full', /^POST \/backup\/upload/);
  await anHourLater(harness);
  const copy = harness.simulator.remote.get(backup);
  if (copy !== undefined) copy.required = 'OTHERS';
  const { code, stderr } = await harness.run('create-full');
  expect(code).toBe(0);
  expect(stderr).toMatch(/of the previous run failed: .*is based on OTHERS/);
  expect(harness.lastBackup).not.toBe(backup);
});

test('has nothing to recover if the run was killed after it recorded everything', async ({
  harness,
}) => {
  const backup = await killAfter(harness, 'create-full', /_last_backup$/);
  expect(harness.lastBackup).toBe(backup);
  const { code, stderr } = await harness.run('create-diff');
  expect(code).toBe(0);
  expect(stderr).not.toContain('earlier run');
  expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe(backup);
});

test('creates a full even if the storage was emptied since then', async ({ harness }) => {
  await harness.run('create-full');
  const full = harness.lastBackup ?? '';
  const backup = await killAfter(harness, 'create-full', /^POST \/backup\/upload/);
  await anHourLater(harness);
  for (const name of [full, backup]) harness.simulator.deleteBehind('remote', name);
  const { code, stderr } = await harness.run('create-full');
  expect(code).toBe(0);
  expect(stderr).toContain(`unknown whether backup ${backup} of the previous run is complete`);
  expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
});

test('keeps a last backup that was recorded since then', async ({ harness }) => {
  const backup = await killAfter(harness, 'create-full', /^POST \/backup\/upload/);
  await anHourLater(harness);
  harness.simulator.addBackup('remote', { name: 'BY_HAND' });
  harness.simulator.addBackup('local', { name: 'BY_HAND' });
  harness.lastBackup = 'BY_HAND';
  const { code, stderr } = await harness.run('create-diff');
  expect(code).toBe(0);
  expect(stderr).toContain(`${backup} of the previous run failed: the last-backup file of`);
  expect(harness.simulator.remote.get(harness.lastBackup)?.required).toBe('BY_HAND');
});

test.for(['', '{', '[]', '{"kind":"FULL"}', '\0\0\0', 'null'])(
  'warns about a journal that cannot be read (%j) and removes it',
  async (text, { harness }) => {
    harness.writeFile(`.${harness.hostInFiles}_run.json`, text);
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).toMatch(/\[WARNING\] the journal of the previous run cannot be read/);
    expect(harness.journal).toBeUndefined();
  },
);

test('the third run recovers if two in a row were killed', async ({ harness }) => {
  const backup = await killAfter(harness, 'create-full', /^POST \/backup\/upload/);
  await anHourLater(harness);
  const again = await harness.runKilled(/backup\/list/, 'create-diff');
  expect(again.killed).toBe(true);
  const { code, stderr } = await harness.run('create-diff');
  expect(code).toBe(0);
  expect(stderr).toContain(`${backup} of the previous run is complete`);
  expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe(backup);
});

test('does not record an upload with incomplete files, even if it is listed as ok', async ({
  harnessOf,
}) => {
  const harness = await harnessOf({ workMs: { upload: minute } });
  const text = 'uploadSingleBackupFile return error: 426 Connection closed';
  harness.simulator.failNext('upload', text, { madeAnyway: true });
  const backup = await killAfter(harness, 'create-full', /^POST \/backup\/upload/);
  const { code, stderr } = await harness.run('create-diff');
  expect(code).toBe(0);
  expect(stderr).toContain(`${backup} of the previous run failed: ${text}`);
  expect(harness.simulator.remote.has(backup)).toBe(true);
  expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe('');
});

describe('a killed run whose upload never started', () => {
  const refusal = "can't find local backup: backup is not found";

  test('is reported as failed even if the remote list is empty', async ({ harness }) => {
    harness.simulator.failNext('upload', refusal);
    const backup = await killAfter(harness, 'create-full', /^POST \/backup\/upload/);
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).toContain(`${backup} of the previous run failed: ${refusal}`);
  });

  test('has an unknown outcome if an earlier upload of it may be complete', async ({ harness }) => {
    const backup = await killAfter(harness, 'create-full', /^POST \/backup\/upload/);
    await anHourLater(harness);
    // The automatic resume after a restart sends the same request.
    harness.simulator.failNext('upload', refusal);
    const path = `/backup/upload/${backup}`;
    const credentials = Buffer.from(`rlAPIuser:${harness.password}`).toString('base64');
    const headers = { authorization: `Basic ${credentials}` };
    await harness.simulator.handle({ method: 'POST', path, headers, body: '' });
    await anHourLater(harness);
    harness.simulator.storageDown = true;
    harness.when('recover', () =>
      harness.later(1000, () => (harness.simulator.storageDown = false)),
    );
    const { stderr } = await harness.run('create-full');
    expect(stderr).toContain(`unknown whether backup ${backup} of the previous run is complete`);
  });

  test('is reported as failed with diff-from-remote too', async ({ harnessOf }) => {
    const harness = await harnessOf({ uploadByPart: false });
    expect((await harness.run('create-full')).code).toBe(0);
    const full = harness.lastBackup ?? '';
    harness.simulator.deleteBehind('local', full);
    const backup = await killAfter(harness, 'create-diff', /^POST \/backup\/upload/);
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(stderr).toContain(`${backup} of the previous run failed: `);
    expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
  });

  test('is recorded as a full if it was sent again in full', async ({ harnessOf }) => {
    const make = async () => {
      const harness = await harnessOf({ uploadByPart: false });
      expect((await harness.run('create-full')).code).toBe(0);
      harness.simulator.deleteBehind('local', harness.lastBackup ?? '');
      return harness;
    };
    const { effects } = await (await make()).runKilled(Infinity, 'create-diff');
    const uploads = effects.flatMap((effect, at) => (/^POST .*upload/.test(effect) ? [at] : []));
    expect(uploads).toHaveLength(2);

    const harness = await make();
    const { killed } = await harness.runKilled((uploads[1] ?? 0) + 1, 'create-diff');
    expect(killed).toBe(true);
    const { backup } = JSON.parse(harness.journal ?? '') as { backup: string };
    await anHourLater(harness);
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(stderr).toContain(`${backup} of the previous run is complete`);
    expect(harness.simulator.remote.get(backup)?.required).toBe('');
  });
});
