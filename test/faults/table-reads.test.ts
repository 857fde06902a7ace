import { expect, test } from 'vitest';
import { playScript, type Tally } from './play-script.js';
import { type Fault, type HostSetup, type RunStep, type Step, runStep } from './script.js';

// The shortest scripts in which the checks of reads of tables can fail; random ones rarely get there.

const minute = 60_000;

const setup: HostSetup = {
  version: '2.7.0',
  keepLocal: 6,
  keepRemote: 336,
  uploadByPart: true,
  foreign: false,
  createMs: 150,
  uploadMs: 150,
  listMs: 0,
  tableReadMs: 0,
  earlierBackups: ['FULL', 'DIFF', 'DIFF'],
};

/** Plays the script, and returns what happened and the exit codes of its runs. */
async function play(
  steps: Step[],
  host: Partial<HostSetup> = {},
): Promise<{ tally: Tally; codes: number[]; bases: (string | undefined)[] }> {
  const codes: number[] = [];
  const bases: (string | undefined)[] = [];
  const script = { hosts: [{ ...setup, ...host }], sharedStorage: false, steps };
  const count = steps.filter((step) => step.do === 'run').length;
  const tally = await playScript(script, {
    onEnd({ id, base }, code) {
      if (id > count) return;
      codes.push(code);
      bases.push(base?.slice(0, 4));
    },
  });
  return { tally, codes, bases };
}

const inject = (fault: Fault): Step => ({ do: 'fault', host: 0, fault });
const atRead = (request: number, fault: Fault): Partial<RunStep> => ({
  troubles: [{ request, among: 'table reads', what: { kind: 'fault', fault } }],
});
const storageDown = (ms: number) => ({ kind: 'storage down', ms }) as const;

test.for([
  { what: 'the last backup', pick: 0, moves: false },
  { what: 'the full backup', pick: 2, moves: false },
  { what: 'a backup between them, listed out of order,', pick: 1, moves: true },
])('no increment is made if $what is incomplete', async ({ pick, moves }) => {
  const incomplete = inject({ kind: 'incomplete', pick, of: 'one table', moves });
  const { tally, codes, bases } = await play([incomplete, runStep('create-diff')]);
  expect([codes, bases, tally.get('found incomplete')]).toEqual([[0], [''], 1]);
});

test.for(['empty-sizes', 'empty-body', 'error'] as const)(
  'three reads that fail (%s) change no decision about the base',
  async (how) => {
    const failing = { kind: 'table reads fail', how, count: 3, ms: 0 } as const;
    const { codes, bases } = await play([runStep('create-diff', atRead(1, failing))]);
    expect([codes, bases]).toEqual([[0], ['DIFF']]);
  },
);

test.for([
  { ms: 50, code: 0 },
  { ms: 50_000, code: 0 },
  { ms: 3 * minute, code: 1 },
])('an outage of $ms ms during the reads changes no decision', async ({ ms, code }) => {
  for (const command of ['create-diff', 'create-diff --find-base'] as const) {
    const stateless = command !== 'create-diff';
    const step = runStep(command, { ...atRead(1, storageDown(ms)), stateless });
    const { codes, bases } = await play([step]);
    expect([codes, bases]).toEqual([[code], [code === 0 ? 'DIFF' : undefined]]);
  }
});

test.for([
  storageDown(12 * minute),
  { kind: 'table reads fail', how: 'empty-body', count: 0, ms: 12 * minute } as const,
])('$kind during the reads fails no complete upload: a later run records it', async (fault) => {
  const full = runStep('create-full', atRead(1, fault));
  const pause: Step = { do: 'pass', ms: 5 * minute };
  const recovering = runStep('create-diff', atRead(1, storageDown(3 * minute)));
  const again = runStep('create-diff');
  const { tally, codes, bases } = await play([full, pause, recovering, pause, again]);
  expect([codes, bases]).toEqual([
    [1, 1, 0],
    ['', undefined, 'FULL'],
  ]);
  expect([tally.get('complete uploads left open'), tally.get('recorded later')]).toEqual([1, 1]);
});

test.for([
  { version: '2.7.0', base: 'DIFF' },
  { version: '2.8.1', base: 'DIFF' },
  { version: '2.6.30', base: '' },
  { version: '2.4.0', base: '' },
] as const)('--find-base on $version finds a backup of chbackup or none', async (one) => {
  const { version, base } = one;
  const added = inject({ kind: 'other adds', location: 'remote', broken: false });
  const step = runStep('create-diff --find-base', { stateless: true });
  const { codes, bases } = await play([added, step], { version });
  expect([codes, bases]).toEqual([[0], [base]]);
});

test('--find-base uses no backup that is broken, or has no name of chbackup', async () => {
  const added = inject({ kind: 'other adds', location: 'remote', broken: false });
  const step = runStep('create-diff --find-base', { stateless: true });
  const foreign = await play([added, step], { earlierBackups: [] });
  const broken = inject({ kind: 'other breaks', location: 'remote', pick: 0 });
  const orphans = await play([broken, step]);
  expect([foreign.bases, orphans.bases]).toEqual([[''], ['']]);
});

test.for(['2.7.0', '2.6.30'] as const)(
  '--base full and --max-chain make the chains they promise on %s',
  async (version) => {
    const commands = [
      'create-diff --base full',
      'create-diff --max-chain 2',
      'create-diff',
    ] as const;
    const { codes, bases } = await play(
      commands.map((command) => runStep(command)),
      { version },
    );
    expect([codes, bases]).toEqual([
      [0, 0, 0],
      ['FULL', 'DIFF', 'DIFF'],
    ]);
    const short = await play([runStep('create-diff --max-chain 2')], { version });
    expect(short.bases).toEqual(['']);
  },
);

test.for(['table emptied', 'table dropped'] as const)(
  'a %s between the base and the new backup is named',
  async (kind) => {
    const lost = inject({ kind, table: 'shop.orders' });
    const { tally, codes } = await play([lost, runStep('create-diff')]);
    expect([codes, tally.get('tables lost')]).toEqual([[0], 1]);
  },
);

test('a read that takes longer than ten minutes prevents nothing', async () => {
  const { codes, bases } = await play([runStep('create-diff')], { tableReadMs: 130_000 });
  expect([codes, bases]).toEqual([[0], ['DIFF']]);
});
