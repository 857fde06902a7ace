import { describe, expect, test } from 'vitest';
import { wholeChain } from './list-oracle.js';
import { Scene } from './scene.js';
import type { RunRecord } from './run-record.js';
import { type Command, type HostSetup, type RunStep, runStep } from './script.js';
import { truthOf } from './truth.js';

const hour = 3_600_000;
const versions = ['2.4.0', '2.6.30', '2.8.1'] as const;

interface Crash {
  /** After which effect it was killed. */
  effect: string;
  run: RunRecord;
  scene: Scene;
}

/**
 * Plays `before`, then the command as often as it has effects, each time in a new scene and killed
 * after another effect, so before the next. Gives back the effects.
 */
async function killEverywhere(
  setup: Partial<HostSetup>,
  before: (scene: Scene) => Promise<unknown>,
  step: RunStep,
  check: (crash: Crash) => Promise<void>,
): Promise<readonly string[]> {
  const inNewScene = async (killAfter: number): Promise<RunRecord> => {
    const host = { version: '2.8.1' as const, keepLocal: 6, keepRemote: 336, listMs: 0, prior: [] };
    const works = { createMs: 120, uploadMs: 120, uploadByPart: true, foreign: false };
    const scene = new Scene({
      hosts: [{ ...host, ...works, ...setup }],
      sharedStorage: false,
      steps: [],
    });
    return scene.time.play(async () => {
      await before(scene);
      const { run } = await runIn(scene, { ...step, killAfter });
      expect(run.killed).toBe(killAfter > 0);
      const effect = run.effects.at(-1) ?? '';
      if (killAfter > 0) await check({ effect, run, scene });
      expect([effect, scene.ledger.broken]).toEqual([effect, undefined]);
      return run;
    });
  };
  const { effects } = await inNewScene(0);
  for (const at of effects.keys()) await inNewScene(at + 1);
  return effects;
}

async function runIn(scene: Scene, step: RunStep): Promise<{ run: RunRecord; code: number }> {
  const { run, done } = scene.start(step);
  return { run, code: await scene.time.wait(done) };
}

async function succeed(scene: Scene, command: Command): Promise<string> {
  const { run, code } = await runIn(scene, runStep(command));
  expect([command, code]).toEqual([command, 0]);
  return run.created ?? '';
}

function chainAt(scene: Scene, name: string): string[] | undefined {
  const truth = truthOf(scene.host(0).simulator);
  return wholeChain((one) => truth.get(one), name);
}

/** The next DIFF stands on what was uploaded, or else on what was recorded before. */
async function settles({ effect, run, scene }: Crash, older: string | undefined): Promise<void> {
  const name = run.created ?? '';
  const diff = await succeed(scene, 'create-diff');
  expect(scene.ledger.journal(run)).toBeUndefined();
  expect(scene.ledger.lastBackup(run)).toBe(diff);
  const wasUploaded = scene.ledger.uploadsAsked.has(name);
  const base = wasUploaded && chainAt(scene, name) !== undefined ? name : older;
  expect([effect, chainAt(scene, diff)?.[1]]).toEqual([effect, base]);
}

/** Each effect once, with its number where it comes more than once in a row. */
function shorten(effects: readonly string[]): string[] {
  return effects
    .map((line) => line.replace(/(FULL|DIFF)_CH_BK_[\d_-]+/, '$1'))
    .filter((line, at, all) => line !== all[at - 1]);
}

describe.for(versions)('a run against %s, killed after each of its effects', (version) => {
  test.for([0, hour])('the first FULL; the next run comes %i ms later', async (laterMs) => {
    const step = runStep('create-full');
    await killEverywhere(
      { version },
      () => Promise.resolve(),
      step,
      async (crash) => {
        await crash.scene.time.clock.sleep(laterMs);
        await settles(crash, undefined);
      },
    );
  });

  test.for([0, hour])('a DIFF; the next run comes %i ms later', async (laterMs) => {
    let full = '';
    const before = async (scene: Scene) => (full = await succeed(scene, 'create-full'));
    await killEverywhere({ version }, before, runStep('create-diff'), async (crash) => {
      await crash.scene.time.clock.sleep(laterMs);
      await settles(crash, full);
    });
  });
});

test('a run with long work, killed at each poll: the next run waits for what goes on', async () => {
  const setup = { createMs: 1500, uploadMs: 15_000 };
  await killEverywhere(
    setup,
    () => Promise.resolve(),
    runStep('create-full'),
    (crash) => settles(crash, undefined),
  );
}, 60_000);

test('a DIFF that looks for its base again', async () => {
  let full = '';
  const before = async (scene: Scene) => {
    full = await succeed(scene, 'create-full');
    await succeed(scene, 'create-full');
    scene.ledger.folder.files.set('/log/.h0_last_backup', full);
  };
  const hidden = { request: 3, what: { kind: 'garbage', what: 'lines' } } as const;
  const step = runStep('create-diff', { troubles: [hidden] });
  const effects = await killEverywhere({}, before, step, (crash) => settles(crash, full));
  expect(effects.filter((effect) => effect === 'GET /backup/list')).toHaveLength(2);
});

test('a DIFF that is uploaded again, in full, since its remote base is refused', async () => {
  const effects = await killEverywhere(
    { uploadByPart: false, keepLocal: 1 },
    (scene) => succeed(scene, 'create-full'),
    runStep('create-diff'),
    async ({ effect, run, scene }) => {
      const diff = await succeed(scene, 'create-diff');
      expect(scene.ledger.journal(run)).toBeUndefined();
      expect([effect, chainAt(scene, diff)]).toEqual([effect, [diff]]);
    },
  );
  expect(effects.filter((effect) => effect.startsWith('POST /backup/upload/'))).toHaveLength(2);
});

test('a run that settles a killed one, killed itself', async () => {
  let first = '';
  const before = async (scene: Scene) => {
    const { run } = await runIn(scene, runStep('create-full', { killAfter: 21 }));
    first = run.created ?? '';
    expect(scene.ledger.uploadsAsked.has(first)).toBe(true);
    await scene.time.clock.sleep(hour);
  };
  await killEverywhere({}, before, runStep('create-diff'), async (crash) => {
    await settles(crash, first);
    expect(crash.scene.ledger.tally.get('recorded later')).toBeGreaterThan(0);
  });
});

test.for(versions)('a delete on %s: no orphan, and the same command ends it', async (version) => {
  let newest: string[] = [];
  const before = async (scene: Scene) => {
    await succeed(scene, 'create-full');
    await succeed(scene, 'create-diff');
    await succeed(scene, 'create-diff');
    newest = [await succeed(scene, 'create-full')];
    newest.unshift(await succeed(scene, 'create-diff'));
  };
  const step = runStep('delete-remote --keep 1 --yes');
  const effects = await killEverywhere({ version }, before, step, async ({ scene, run }) => {
    const { simulator } = scene.host(0);
    for (const name of simulator.remote.keys()) expect(simulator.isWhole(name)).toBe(true);
    expect((await runIn(scene, step)).code).toBe(0);
    expect([...simulator.remote.keys()].sort()).toEqual(newest.toSorted());
    expect(scene.ledger.lastBackup(run)).toBe(newest[0]);
    expect(chainAt(scene, await succeed(scene, 'create-diff'))?.slice(1)).toEqual(newest);
  });
  expect(effects.filter((effect) => effect.startsWith('POST /backup/delete/'))).toHaveLength(3);
});

test('a delete of all: what is gone is never a base again', async () => {
  const before = async (scene: Scene) => {
    await succeed(scene, 'create-full');
    await succeed(scene, 'create-diff');
  };
  const step = runStep('delete-remote --all --yes');
  await killEverywhere({}, before, step, async ({ scene, run }) => {
    const last = scene.ledger.lastBackup(run);
    if (last !== undefined) expect(chainAt(scene, last)).toHaveLength(2);
    expect((await runIn(scene, step)).code).toBe(0);
    expect(scene.host(0).simulator.remote.size).toBe(0);
    expect(chainAt(scene, await succeed(scene, 'create-diff'))).toHaveLength(1);
  });
});

test('a restore with --schema: the same command ends it', async () => {
  const before = (scene: Scene) => succeed(scene, 'create-full');
  const step = runStep('restore-table latest shop.orders --schema --yes');
  await killEverywhere({}, before, step, async ({ scene }) => {
    expect((await runIn(scene, step)).code).toBe(0);
    expect(scene.host(0).simulator.tables.get('shop.orders')?.rows).toBe(104_489);
  });
});

test('every effect of a FULL and of a DIFF, in order', async () => {
  const none = () => Promise.resolve();
  const full = await killEverywhere({}, none, runStep('create-full'), none);
  expect(shorten(full)).toMatchInlineSnapshot(`
    [
      "make log",
      "append h0_backup_ch.log",
      "lock .h0_lock",
      "append h0_backup_ch.log",
      "GET /backup/tables",
      "GET /backup/actions",
      "GET /backup/list/local",
      "GET /backup/tables",
      "append h0_backup_ch.log",
      "lock .given_names_lock",
      "replace .given_names",
      "replace .h0_run.json",
      "POST /backup/create",
      "append h0_backup_ch.log",
      "GET /backup/status",
      "append h0_backup_ch.log",
      "replace .h0_run.json",
      "POST /backup/upload/FULL",
      "append h0_backup_ch.log",
      "GET /backup/actions",
      "append h0_backup_ch.log",
      "GET /backup/actions",
      "GET /backup/list/remote",
      "replace .h0_last_backup",
      "remove .h0_run.json",
      "append h0_backup_ch.log",
    ]
  `);
  const before = (scene: Scene) => succeed(scene, 'create-full');
  const diff = await killEverywhere({}, before, runStep('create-diff'), none);
  expect(shorten(diff)).toMatchInlineSnapshot(`
    [
      "make log",
      "append h0_backup_ch.log",
      "lock .h0_lock",
      "append h0_backup_ch.log",
      "GET /backup/tables",
      "GET /backup/actions",
      "GET /backup/list",
      "GET /backup/tables",
      "append h0_backup_ch.log",
      "lock .given_names_lock",
      "replace .given_names",
      "replace .h0_run.json",
      "POST /backup/create",
      "append h0_backup_ch.log",
      "GET /backup/status",
      "append h0_backup_ch.log",
      "GET /backup/actions",
      "GET /backup/list/local",
      "replace .h0_run.json",
      "POST /backup/upload/DIFF",
      "append h0_backup_ch.log",
      "GET /backup/actions",
      "append h0_backup_ch.log",
      "GET /backup/actions",
      "GET /backup/list/remote",
      "replace .h0_last_backup",
      "remove .h0_run.json",
      "append h0_backup_ch.log",
    ]
  `);
});
