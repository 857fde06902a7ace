import { describe, expect, test } from 'vitest';
import { parseStatus } from '../../src/state/status.js';
import { completeChain } from './list-oracle.js';
import { Scenario } from './scenario.js';
import type { RunRecord } from './run-record.js';
import { type Command, type HostSetup, type RunStep, runStep } from './script.js';
import { remoteStateOf } from './remote-state.js';

const hour = 3_600_000;
const versions = ['2.4.0', '2.6.30', '2.7.0', '2.8.1'] as const;

interface Crash {
  /** The effect after which the run was killed. */
  effect: string;
  run: RunRecord;
  scenario: Scenario;
}

/**
 * Runs `before` and then the command, once for each effect of the command. Each time it uses a new
 * scenario and kills the command after that effect. Returns the effects.
 */
async function killEverywhere(
  setup: Partial<HostSetup>,
  before: (scenario: Scenario) => Promise<unknown>,
  step: RunStep,
  check: (crash: Crash) => Promise<void>,
): Promise<readonly string[]> {
  const inNewScenario = async (killAfter: number): Promise<RunRecord> => {
    const host = {
      version: '2.8.1' as const,
      keepLocal: 6,
      keepRemote: 336,
      listMs: 0,
      tableReadMs: 0,
      earlierBackups: [],
    };
    const work = { createMs: 120, uploadMs: 120, uploadByPart: true, foreign: false };
    const scenario = new Scenario({
      hosts: [{ ...host, ...work, ...setup }],
      sharedStorage: false,
      steps: [],
    });
    return scenario.time.play(async () => {
      await before(scenario);
      const { run } = await runIn(scenario, { ...step, killAfter });
      expect(run.killed).toBe(killAfter > 0);
      const effect = run.effects.at(-1) ?? '';
      if (killAfter > 0) await check({ effect, run, scenario });
      expect([effect, scenario.schedule.failedCheck]).toEqual([effect, undefined]);
      return run;
    });
  };
  const { effects } = await inNewScenario(0);
  for (const at of effects.keys()) await inNewScenario(at + 1);
  return effects;
}

async function runIn(scenario: Scenario, step: RunStep): Promise<{ run: RunRecord; code: number }> {
  const { run, done } = scenario.start(step);
  return { run, code: await scenario.time.wait(done) };
}

async function succeed(scenario: Scenario, command: Command): Promise<string> {
  const { run, code } = await runIn(scenario, runStep(command));
  expect([command, code]).toEqual([command, 0]);
  return run.created ?? '';
}

function chainAt(scenario: Scenario, name: string): string[] | undefined {
  const remoteState = remoteStateOf(scenario.host(0).simulator);
  return completeChain((one) => remoteState.get(one), name);
}

/** Checks that the next DIFF is based on the uploaded backup, or else on the previous one. */
async function expectRecovered(
  { effect, run, scenario }: Crash,
  older: string | undefined,
): Promise<void> {
  const name = run.created ?? '';
  const diff = await succeed(scenario, 'create-diff');
  expect(scenario.schedule.journal(run)).toBeUndefined();
  expect(scenario.schedule.lastBackup(run)).toBe(diff);
  // The status file names what was recorded, by this run or by the one that was killed.
  const status = parseStatus(scenario.schedule.file('.h0_status.json') ?? '');
  const recorded = scenario.schedule.recordedOn(run.host);
  for (const kind of ['FULL', 'DIFF'] as const) {
    const newest = recorded.findLast((one) => one.startsWith(kind));
    expect([effect, status?.lastSuccess[kind]?.backup]).toEqual([effect, newest]);
  }
  const wasUploaded = scenario.schedule.uploadsRequested.has(name);
  const base = wasUploaded && chainAt(scenario, name) !== undefined ? name : older;
  expect([effect, chainAt(scenario, diff)?.[1]]).toEqual([effect, base]);
}

/** Merges equal effects that follow each other, and removes the dates from backup names. */
function shorten(effects: readonly string[]): string[] {
  return effects
    .map((line) => line.replace(/(FULL|DIFF)_CH_BK_[\d_-]+/, '$1'))
    .filter((line, at, all) => line !== all[at - 1]);
}

describe.for(versions)('a run against %s that is killed after each of its effects', (version) => {
  test.for([0, hour])('the first FULL; the next run starts %i ms later', async (laterMs) => {
    const step = runStep('create-full');
    await killEverywhere(
      { version },
      () => Promise.resolve(),
      step,
      async (crash) => {
        await crash.scenario.time.clock.sleep(laterMs);
        await expectRecovered(crash, undefined);
      },
    );
  });

  test.for([0, hour])('a DIFF; the next run starts %i ms later', async (laterMs) => {
    let full = '';
    const before = async (scenario: Scenario) => (full = await succeed(scenario, 'create-full'));
    await killEverywhere({ version }, before, runStep('create-diff'), async (crash) => {
      await crash.scenario.time.clock.sleep(laterMs);
      await expectRecovered(crash, full);
    });
  });
});

test.for(['create-full', 'create-diff'] as const)(
  'a repeat of a killed %s with --if-older-than makes a backup only if there is none',
  async (command) => {
    const before = async (scenario: Scenario) => {
      await succeed(scenario, 'create-full');
      await scenario.time.clock.sleep(24 * hour);
    };
    const seen = new Set<boolean>();
    await killEverywhere({}, before, runStep(command), async ({ effect, run, scenario }) => {
      await scenario.time.clock.sleep(hour / 2);
      const name = run.created ?? '';
      const made = await succeed(scenario, `${command} --if-older-than 50m`);
      const isUploaded = scenario.schedule.uploadsRequested.has(name);
      expect([effect, made]).toEqual([effect, isUploaded ? '' : expect.stringMatching(/^\w+/)]);
      expect([effect, scenario.schedule.lastBackup(run)]).toEqual([effect, made || name]);
      // A run that is skipped without the lock leaves the journal of a recorded backup to the next one.
      const next = await succeed(scenario, 'create-diff');
      expect([effect, chainAt(scenario, next)?.[1]]).toEqual([effect, made || name]);
      expect(scenario.schedule.journal(run)).toBeUndefined();
      seen.add(isUploaded);
    });
    expect(seen.size).toBe(2);
  },
);

test.for(['create-full', 'create-diff'] as const)(
  'a %s whose journal is back after a loss of power is recovered once more',
  async (command) => {
    let full = '';
    const before = async (scenario: Scenario) => (full = await succeed(scenario, 'create-full'));
    let journal = '';
    let returned = 0;
    await killEverywhere({}, before, runStep(command), async (crash) => {
      const { files } = crash.scenario.schedule.folder;
      const left = files.get('/log/.h0_run.json');
      if (left !== undefined) journal = left;
      else if (journal !== '') {
        files.set('/log/.h0_run.json', journal);
        returned++;
        expect(crash.scenario.schedule.lastBackup(crash.run)).toBe(crash.run.created);
      }
      await expectRecovered(crash, full);
    });
    // After the removal, and after each of the two effects that follow it.
    expect(returned).toBe(3);
  },
);

test('a long run is killed at each poll: the next run waits for the operation', async () => {
  const setup = { createMs: 1500, uploadMs: 15_000 };
  await killEverywhere(
    setup,
    () => Promise.resolve(),
    runStep('create-full'),
    (crash) => expectRecovered(crash, undefined),
  );
}, 60_000);

test('a killed DIFF that lists its base a second time is recovered', async () => {
  let full = '';
  const before = async (scenario: Scenario) => {
    full = await succeed(scenario, 'create-full');
    await succeed(scenario, 'create-full');
    scenario.schedule.folder.files.set('/log/.h0_last_backup', full);
  };
  const hidden = { request: 3, what: { kind: 'garbage', what: 'lines' } } as const;
  const step = runStep('create-diff', { troubles: [hidden] });
  const effects = await killEverywhere({}, before, step, (crash) => expectRecovered(crash, full));
  expect(effects.filter((effect) => effect === 'GET /backup/list')).toHaveLength(2);
});

test('a killed DIFF whose remote base was refused is recovered', async () => {
  const effects = await killEverywhere(
    { uploadByPart: false, keepLocal: 1 },
    (scenario) => succeed(scenario, 'create-full'),
    runStep('create-diff'),
    async ({ effect, run, scenario }) => {
      const diff = await succeed(scenario, 'create-diff');
      expect(scenario.schedule.journal(run)).toBeUndefined();
      expect([effect, chainAt(scenario, diff)]).toEqual([effect, [diff]]);
    },
  );
  expect(effects.filter((effect) => effect.startsWith('POST /backup/upload/'))).toHaveLength(2);
});

test('a run that is killed while it recovers another one is recovered', async () => {
  let first = '';
  const before = async (scenario: Scenario) => {
    const { run } = await runIn(scenario, runStep('create-full', { killAfter: 21 }));
    first = run.created ?? '';
    expect(scenario.schedule.uploadsRequested.has(first)).toBe(true);
    await scenario.time.clock.sleep(hour);
  };
  await killEverywhere({}, before, runStep('create-diff'), async (crash) => {
    await expectRecovered(crash, first);
    expect(crash.scenario.schedule.tally.get('recorded later')).toBeGreaterThan(0);
  });
});

test.for(versions)(
  'a killed delete on %s leaves no orphan, and running it again completes it',
  async (version) => {
    let newest: string[] = [];
    const before = async (scenario: Scenario) => {
      await succeed(scenario, 'create-full');
      await succeed(scenario, 'create-diff');
      await succeed(scenario, 'create-diff');
      newest = [await succeed(scenario, 'create-full')];
      newest.unshift(await succeed(scenario, 'create-diff'));
    };
    const step = runStep('delete-remote --keep 1 --yes');
    const effects = await killEverywhere({ version }, before, step, async ({ scenario, run }) => {
      const { simulator } = scenario.host(0);
      for (const name of simulator.remote.keys()) expect(simulator.isWhole(name)).toBe(true);
      expect((await runIn(scenario, step)).code).toBe(0);
      expect([...simulator.remote.keys()].sort()).toEqual(newest.toSorted());
      expect(scenario.schedule.lastBackup(run)).toBe(newest[0]);
      expect(chainAt(scenario, await succeed(scenario, 'create-diff'))?.slice(1)).toEqual(newest);
    });
    expect(effects.filter((effect) => effect.startsWith('POST /backup/delete/'))).toHaveLength(3);
  },
);

test('after a killed delete of all, a deleted backup is never used as a base', async () => {
  const before = async (scenario: Scenario) => {
    await succeed(scenario, 'create-full');
    await succeed(scenario, 'create-diff');
  };
  const step = runStep('delete-remote --all --yes');
  await killEverywhere({}, before, step, async ({ scenario, run }) => {
    const last = scenario.schedule.lastBackup(run);
    if (last !== undefined) expect(chainAt(scenario, last)).toHaveLength(2);
    expect((await runIn(scenario, step)).code).toBe(0);
    expect(scenario.host(0).simulator.remote.size).toBe(0);
    expect(chainAt(scenario, await succeed(scenario, 'create-diff'))).toHaveLength(1);
  });
});

test('a killed restore with --schema is completed by running it again', async () => {
  const before = (scenario: Scenario) => succeed(scenario, 'create-full');
  const step = runStep('restore-table latest shop.orders --schema --yes');
  await killEverywhere({}, before, step, async ({ scenario }) => {
    expect((await runIn(scenario, step)).code).toBe(0);
    expect(scenario.host(0).simulator.tables.get('shop.orders')?.rows).toBe(104_489);
  });
});

test('a FULL and a DIFF have these effects, in this order', async () => {
  const none = () => Promise.resolve();
  const full = await killEverywhere({}, none, runStep('create-full'), none);
  expect(shorten(full)).toMatchInlineSnapshot(`
    [
      "GET /backup/tables",
      "make log",
      "append h0_backup_ch.log",
      "lock .h0_lock",
      "append h0_backup_ch.log",
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
      "GET /backup/tables/all",
      "replace .h0_last_backup",
      "replace .h0_status.json",
      "remove .h0_run.json",
      "append h0_backup_ch.log",
      "replace .h0_status.json",
    ]
  `);
  const before = (scenario: Scenario) => succeed(scenario, 'create-full');
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
      "GET /backup/tables/all",
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
      "GET /backup/tables/all",
      "replace .h0_last_backup",
      "replace .h0_status.json",
      "remove .h0_run.json",
      "append h0_backup_ch.log",
      "replace .h0_status.json",
    ]
  `);
});
