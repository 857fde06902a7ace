import { expect, test } from 'vitest';
import { runAlone } from '../input/lone-run.js';
import { playScript } from './play-script.js';
import { type HostSetup, runStep } from './script.js';

// Bugs that random schedules and input found, each with the shortest script that shows it.

const setup: HostSetup = {
  version: '2.4.0',
  keepLocal: 6,
  keepRemote: 336,
  uploadByPart: true,
  foreign: false,
  createMs: 150,
  uploadMs: 150,
  listMs: 0,
  tableReadMs: 0,
  earlierBackups: [],
};

test('foreign entries do not prevent any deletion', async () => {
  const earlierBackups = ['FULL', 'DIFF', 'FULL'] as const;
  const hosts = [{ ...setup, earlierBackups, foreign: true }];
  const steps = [runStep('delete-remote --keep 1 --yes')];
  const tally = await playScript({ hosts, sharedStorage: false, steps });
  expect([tally.get('kept beside foreign entries'), tally.get('POST delete')]).toEqual([1, 2]);
});

test('a list without an answer is requested again only when nothing is running', async () => {
  const busy = { request: 3, what: { kind: 'fault', fault: { kind: 'busy', ms: 5000 } } } as const;
  const lost = { request: 3, what: { kind: 'lost', done: false } } as const;
  const steps = [runStep('create-full', { troubles: [lost, busy] })];
  await playScript({ hosts: [setup], sharedStorage: false, steps });
});

test('an upload that the server refused has failed, even if no list can be read', async () => {
  const error = { kind: 'error', text: 'code: 999, message: Session expired' } as const;
  const troubles = [9, 10].map((request) => ({ request, what: error }));
  const hosts = [{ ...setup, version: '2.8.1' as const }];
  const steps = [runStep('create-full', { troubles })];
  const tally = await playScript({ hosts, sharedStorage: false, steps });
  expect(tally.get('exit 1')).toBe(1);
});

test.for(['create', 'upload'])(
  'a %s that the network duplicates is not sent again',
  async (what) => {
    for (const version of ['2.4.0', '2.6.30', '2.8.1'] as const) {
      const hosts = [{ ...setup, version }];
      let request = 0;
      await playScript(
        { hosts, sharedStorage: false, steps: [runStep('create-full')] },
        {
          onEnd: ({ id, sent }) => {
            if (id > 1) return;
            request = 1 + sent.findIndex(({ path }) => path.startsWith(`/backup/${what}`));
          },
        },
      );
      const twice = { request, what: { kind: 'twice', answer: 'second' } } as const;
      const ends: number[] = [];
      await playScript(
        { hosts, sharedStorage: false, steps: [runStep('create-full', { troubles: [twice] })] },
        {
          onEnd: ({ id, doneButRefused }, code) =>
            void (id > 1 || ends.push(code, doneButRefused.size)),
        },
      );
      expect([version, ...ends]).toEqual([version, 0, 1]);
    }
  },
);

test('a run gives up if every list times out, even if the action log answers', async () => {
  const { code, stderr, tookMs } = await runAlone(['create-full', 'h0'], {
    answer: (request) =>
      request.includes('/list') ? { status: 504, body: '<html>' } : { status: 200, body: '' },
  });
  expect([code, stderr]).toEqual([13, expect.stringContaining('answered 504')]);
  expect(tookMs).toBeLessThan(90_000);
});

test('a lost table is named even if the full backup of the chain could not be read', async () => {
  const earlierBackups = ['FULL', 'DIFF'] as const;
  const hosts = [{ ...setup, version: '2.8.1' as const, earlierBackups }];
  const fault = { kind: 'table dropped', table: 'shop.orders' } as const;
  const never = { kind: 'never', done: false } as const;
  const troubles = [{ request: 2, among: 'table reads', what: never } as const];
  const steps = [{ do: 'fault', host: 0, fault } as const, runStep('create-diff', { troubles })];
  const tally = await playScript({ hosts, sharedStorage: false, steps });
  expect(tally.get('tables lost')).toBe(1);
});

test.for(['toString', 'constructor', '__proto__', 'hasOwnProperty'])(
  'there is no command named %s',
  async (command) => {
    const { code, stderr } = await runAlone([command, 'h0']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('unknown command')]);
  },
);

test('blanks and a byte order mark around an answer are not reported as unexpected', async () => {
  const { code, stderr } = await runAlone(['create-full', 'h0', '--timeout', '1s'], {
    answer: (request) => {
      const body = '\ufeff {"status":"acknowledged","operation":"create"}\u00a0\n';
      return request.startsWith('POST') ? { status: 201, body } : { status: 200, body: '' };
    },
  });
  expect([code, stderr]).toEqual([14, expect.not.stringContaining('unexpected')]);
});
