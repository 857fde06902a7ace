import { describe, expect } from 'vitest';
import { type Harness, test, versions } from '../support/harness.js';

const minute = 60_000;

/** How often each name was asked to be created. */
function creates(harness: Harness): string[] {
  return harness.simulator.requests
    .filter(({ method, path }) => method === 'POST' && path.startsWith('/backup/create'))
    .map(({ path }) => path.split('name=')[1] ?? '');
}

/** Waits until the server does nothing, as the next hour's run finds it. */
const anHourLater = (harness: Harness) => harness.clock.sleep(60 * minute);

/**
 * Runs `prepare` and then the command, killed after each of its effects in turn, each on a new
 * server. Of the same request several times in a row only the first is met.
 */
async function killEverywhere(
  make: () => Promise<Harness>,
  command: string,
  prepare: (harness: Harness) => Promise<unknown>,
  check: (harness: Harness, effect: string) => Promise<void>,
): Promise<string[]> {
  const unharmed = await make();
  await prepare(unharmed);
  const { effects } = await unharmed.runKilled(Infinity, command);
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

/** The phases that a kill must have met, or the test met nothing. */
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

  test('the very first FULL, killed anywhere: the next DIFF settles it', async ({ harnessOf }) => {
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
        // What was uploaded for a journal, or recorded, is the base; what was not, never.
        expect([effect, last?.required]).toEqual([effect, uploaded ?? '']);
      },
    );
    for (const milestone of milestones) {
      expect(effects.some((effect) => effect.includes(milestone))).toBe(true);
    }
  }, 120_000);

  test('a DIFF, killed anywhere: the next DIFF settles it', async ({ harnessOf }) => {
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

test('the next run settles it at once too, while the work still goes on', async ({ harnessOf }) => {
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

/** A run killed right after the effect that this matches; gives back its backup. */
async function killAfter(harness: Harness, command: string, effect: RegExp): Promise<string> {
  const { killed } = await harness.runKilled(effect, command);
  expect(killed).toBe(true);
  const { backup } = JSON.parse(harness.journal ?? '{}') as { backup: string };
  return backup;
}

test('work that goes on past --wait: exit 11 naming it, the journal stays', async ({
  harnessOf,
}) => {
  const harness = await harnessOf({ workMs: { upload: 60 * minute } });
  const backup = await killAfter(harness, 'create-full', /^POST \/backup\/upload/);
  const { journal } = harness;
  const { code, stderr } = await harness.run('create-diff', '--wait', '10m');
  expect(code).toBe(11);
  expect(stderr).toContain(`is busy: \`upload ${backup}\` runs`);
  expect(harness.journal).toBe(journal);
  expect(creates(harness)).toHaveLength(1);
  const next = await harness.run('create-diff', '--wait', '2h');
  expect(next.code).toBe(0);
  expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe(backup);
});

test('the journal tells what was begun before the server is asked for it', async ({ harness }) => {
  harness.simulator.addBackup('remote', { name: 'BASE' });
  harness.simulator.addBackup('local', { name: 'BASE' });
  harness.lastBackup = 'BASE';
  const journals: unknown[] = [];
  harness.onStep = (step) => {
    if (step === 'create' || step === 'upload') journals.push(JSON.parse(harness.journal ?? ''));
  };
  await harness.run('create-diff');
  const begun = {
    kind: 'DIFF',
    backup: harness.lastBackup,
    startedAt: '2026-11-22 10:00:00',
    lastBackup: 'BASE',
  };
  expect(journals).toEqual([
    { ...begun, phase: 'create', base: '' },
    { ...begun, phase: 'upload', base: 'BASE' },
  ]);
});

test('an upload that stands on another base than asked for is not recorded', async ({
  harness,
}) => {
  const backup = await killAfter(harness, 'create-full', /^POST \/backup\/upload/);
  await anHourLater(harness);
  const copy = harness.simulator.remote.get(backup);
  if (copy !== undefined) copy.required = 'SOMEBODY_ELSES';
  const { code, stderr } = await harness.run('create-full');
  expect(code).toBe(0);
  expect(stderr).toMatch(/of the previous run failed: .*stands on SOMEBODY_ELSES/);
  expect(harness.lastBackup).not.toBe(backup);
});

test('a run killed when all was recorded leaves nothing to look for', async ({ harness }) => {
  const backup = await killAfter(harness, 'create-full', /_last_backup$/);
  expect(harness.lastBackup).toBe(backup);
  const { code, stderr } = await harness.run('create-diff');
  expect(code).toBe(0);
  expect(stderr).not.toContain('earlier run');
  expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe(backup);
});

test('a storage that was emptied since then does not keep a full from being made', async ({
  harness,
}) => {
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

test('a last backup recorded since then stays', async ({ harness }) => {
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
  'a journal that cannot be read (%j) is said so and done with',
  async (text, { harness }) => {
    harness.writeFile(`.${harness.hostInFiles}_run.json`, text);
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).toMatch(/\[WARNING\] the journal of the previous run cannot be read/);
    expect(harness.journal).toBeUndefined();
  },
);

test('a run killed twice in a row is settled by the third', async ({ harness }) => {
  const backup = await killAfter(harness, 'create-full', /^POST \/backup\/upload/);
  await anHourLater(harness);
  const again = await harness.runKilled(/backup\/list/, 'create-diff');
  expect(again.killed).toBe(true);
  const { code, stderr } = await harness.run('create-diff');
  expect(code).toBe(0);
  expect(stderr).toContain(`${backup} of the previous run is complete`);
  expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe(backup);
});

test('an upload whose own files are incomplete is not recorded, though it lists as good', async ({
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

  test('has failed, although nothing is listed', async ({ harness }) => {
    harness.simulator.failNext('upload', refusal);
    const backup = await killAfter(harness, 'create-full', /^POST \/backup\/upload/);
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).toContain(`${backup} of the previous run failed: ${refusal}`);
  });

  test('is left open if an upload before that one may be complete', async ({ harness }) => {
    const backup = await killAfter(harness, 'create-full', /^POST \/backup\/upload/);
    await anHourLater(harness);
    // As the automatic resume does after a restart.
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

  test('with diff-from-remote has failed too', async ({ harnessOf }) => {
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

  test('and was sent again in full is recorded as a full', async ({ harnessOf }) => {
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
