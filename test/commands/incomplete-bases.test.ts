import { describe, expect } from 'vitest';
import { type Harness, test, versions } from '../support/harness.js';

const second = 1000;
const minute = 60 * second;

const remoteBaseOf = (harness: Harness, name = harness.lastBackup ?? '') =>
  harness.simulator.remote.get(name)?.required;

const created = (harness: Harness) => harness.requests(/^POST \/backup\/create/).length;

const reads = (harness: Harness) =>
  harness
    .requests(/remote_backup=/)
    .map((line) => line.replace('GET /backup/tables/all?remote_backup=', ''));

/** Makes a full backup and `increments` increments on it. */
async function makeChain(harness: Harness, increments: number): Promise<string[]> {
  const names = [];
  for (const command of ['create-full', ...Array<string>(increments).fill('create-diff')]) {
    expect(await harness.run(command)).toMatchObject({ code: 0 });
    names.push(harness.lastBackup ?? '');
  }
  return names;
}

/** Deletes the remote copy; the next process of a server up to 2.8.0 uploads its metadata.json only. */
function resumeIncomplete(harness: Harness, name: string): void {
  harness.simulator.deleteBehind('remote', name);
  harness.simulator.restart({ rows: 'gone', work: 'stops' });
}

describe('an incomplete base', () => {
  test('is not used, and the upload is a full one', async ({ harnessOf }) => {
    const harness = await harnessOf({ version: '2.7.0' });
    const [full = ''] = await makeChain(harness, 0);
    resumeIncomplete(harness, full);
    await harness.clock.sleep(minute);
    expect(harness.simulator.remote.get(full)).toMatchObject({ incomplete: true });
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(stderr).toContain(
      `the base cannot be used: backup ${full} is incomplete, although it is listed as good: the metadata of 2 of its 2 tables cannot be read: shop.customers, shop.orders; this backup is uploaded in full`,
    );
    expect(remoteBaseOf(harness)).toBe('');
    expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
  });

  test('is an error with --without-base fail, and nothing is created', async ({ harness }) => {
    const [full = ''] = await makeChain(harness, 0);
    harness.simulator.setIncomplete(full);
    const { code, stderr } = await harness.run('create-diff', '--without-base', 'fail');
    expect(code).toBe(1);
    expect(stderr).toContain(`backup ${full} is incomplete`);
    expect(stderr).toContain('nothing was created (run create-full');
    expect(created(harness)).toBe(1);
    expect(harness.lastBackup).toBe(full);
  });

  test('is not used if only one of its tables is missing', async ({ harness }) => {
    const [full = ''] = await makeChain(harness, 0);
    harness.simulator.setIncomplete(full, { tables: ['shop.orders'] });
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(stderr).toContain('the metadata of 1 of its 2 tables cannot be read: shop.orders;');
    expect(remoteBaseOf(harness)).toBe('');
  });

  test.for([
    { what: 'the full backup', at: 0, moves: false },
    { what: 'a backup in the middle that was uploaded again', at: 1, moves: true },
    { what: 'the base itself', at: 3, moves: false },
  ])('is found: $what', async ({ at, moves }, { harness }) => {
    const names = await makeChain(harness, 3);
    harness.simulator.setIncomplete(names[at] ?? '', { moves });
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(stderr).toContain(`backup ${names[at]} is incomplete`);
    expect(remoteBaseOf(harness)).toBe('');
  });

  test('is noticed within two minutes', async ({ harness }) => {
    const [full = ''] = await makeChain(harness, 0);
    harness.simulator.setIncomplete(full);
    const startMs = harness.clock.elapsed();
    harness.when('without-base', () => {
      expect(harness.clock.elapsed() - startMs).toBe(55 * second);
    });
    await harness.run('create-diff');
    expect(reads(harness).filter((name) => name === full)).toHaveLength(1 + 4);
  });

  test.for(['2.4.0', '2.6.30'] as const)(
    'is not noticed by a server %s, and nothing fails',
    async (version, { harnessOf }) => {
      const harness = await harnessOf({ version });
      const [full = ''] = await makeChain(harness, 0);
      harness.simulator.setIncomplete(full);
      const { code, stderr } = await harness.run('create-diff');
      expect(code).toBe(0);
      expect(stderr).not.toContain('[WARNING]');
      expect(remoteBaseOf(harness)).toBe(full);
      expect(harness.log).toContain(
        `could not check whether backup ${harness.lastBackup} is complete: clickhouse-backup before 2.7.0`,
      );
    },
  );
});

describe('an outage while the base is checked', () => {
  test.for(['empty-sizes', 'empty-body'] as const)(
    'three failing reads (%s) change nothing',
    async (how, { harness }) => {
      const [full] = await makeChain(harness, 0);
      harness.simulator.failTableReads(how, 3, full);
      const { code, stderr } = await harness.run('create-diff');
      expect(code).toBe(0);
      expect(stderr).not.toContain('[WARNING]');
      expect(remoteBaseOf(harness)).toBe(full);
    },
  );

  test('of the storage ends the run before anything is created', async ({ harness }) => {
    const [full = ''] = await makeChain(harness, 1);
    const last = harness.lastBackup;
    harness.when('check-base', () => (harness.simulator.storageDown = true));
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /lists no backups, so nothing was created: the base DIFF_\S+ cannot be checked/,
    );
    expect(created(harness)).toBe(2);
    expect(harness.lastBackup).toBe(last);
    harness.simulator.storageDown = false;
    expect(await harness.run('create-diff')).toMatchObject({ code: 0 });
    expect(remoteBaseOf(harness)).toBe(last);
    expect(harness.simulator.remote.has(full)).toBe(true);
  });

  test('that ends right before the last list changes nothing', async ({ harness }) => {
    const [full] = await makeChain(harness, 0);
    harness.when('check-base', () => {
      harness.simulator.storageDown = true;
      harness.later(55 * second, () => (harness.simulator.storageDown = false));
    });
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(stderr).not.toContain('[WARNING]');
    expect(remoteBaseOf(harness)).toBe(full);
  });

  test('in which the base disappears from the list ends the run', async ({ harness }) => {
    const [full = ''] = await makeChain(harness, 0);
    harness.simulator.addBackup('remote', { name: 'OTHER_CLIENT' });
    harness.simulator.setIncomplete(full);
    harness.when('retry-check', () => harness.simulator.deleteBehind('remote', full));
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(1);
    expect(stderr).toContain(`no longer lists backup ${full}, so nothing was created`);
    expect(created(harness)).toBe(1);
  });

  test('reads that take too long lead to a warning, with progress', async ({ harness }) => {
    const [full] = await makeChain(harness, 0);
    harness.simulator.failTableReads('no-answer', 1, full);
    const startMs = harness.clock.elapsed();
    harness.when('note-tables', () => {
      expect(harness.clock.elapsed() - startMs).toBe(10 * minute);
    });
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(stderr).toContain(`still reading the tables of backup ${full} (5m)`);
    expect(stderr).toContain(
      `[WARNING] could not check whether backup ${full} is complete: its tables could not be read within 10m; it is used as a base anyway`,
    );
    expect(remoteBaseOf(harness)).toBe(full);
  });

  test('a proxy that gives up before the server leads to a warning', async ({ harness }) => {
    const [full] = await makeChain(harness, 0);
    const page = '<html><head><title>504 Gateway Time-out</title></head></html>';
    // As many as the patience of a request allows.
    for (let count = 0; count < 20; count++) {
      harness.simulator.answerNext({ path: /remote_backup=/ }, { status: 504, body: page });
    }
    harness.when('note-tables', () => harness.simulator.clearFaults());
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /\[WARNING\] could not check whether backup FULL_\S+ is complete: .*504/,
    );
    expect(remoteBaseOf(harness)).toBe(full);
  });
});

describe('an incomplete base is found', () => {
  const page = {
    status: 500,
    body: '<html><head><title>500 Internal Server Error</title></head></html>',
  };
  const answerTableReads = ({ simulator }: Harness, answer: { status: number; body: string }) => {
    simulator.answerNext({ path: /remote_backup=/ }, answer);
  };

  async function expectFullUpload(harness: Harness): Promise<void> {
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(stderr).toContain('is incomplete, although it is listed as good');
    expect(remoteBaseOf(harness)).toBe('');
  }

  test('although the list in between takes almost ten minutes', async ({ harness }) => {
    const [full = ''] = await makeChain(harness, 0);
    harness.simulator.setIncomplete(full);
    harness.when('retry-check', () => {
      harness.simulator.delayNextAnswer({ path: /list\/remote/ }, 9.5 * minute);
    });
    await expectFullUpload(harness);
  });

  test('although another client works on the server meanwhile', async ({ harness }) => {
    const [full = ''] = await makeChain(harness, 0);
    harness.simulator.setIncomplete(full);
    harness.when('retry-check', () => harness.simulator.busyWith('watch', 20 * minute));
    await expectFullUpload(harness);
  });

  test('although a proxy answers the first read', async ({ harness }) => {
    const [full = ''] = await makeChain(harness, 0);
    harness.simulator.setIncomplete(full);
    answerTableReads(harness, page);
    await expectFullUpload(harness);
  });

  test('although a proxy answers a later read', async ({ harness }) => {
    const [full = ''] = await makeChain(harness, 0);
    harness.simulator.setIncomplete(full);
    harness.when('retry-check', () => answerTableReads(harness, page));
    await expectFullUpload(harness);
  });

  test('although the increment on it could not be checked', async ({ harness }) => {
    const [full = ''] = await makeChain(harness, 1);
    harness.simulator.setIncomplete(full);
    harness.simulator.failTableReads('error', Infinity, harness.lastBackup);
    await expectFullUpload(harness);
  });

  test('not if each table was shown by one of the reads', async ({ harness }) => {
    const [full = ''] = await makeChain(harness, 0);
    harness.simulator.setIncomplete(full, { tables: ['shop.orders'] });
    harness.when('retry-check', () => {
      harness.simulator.setIncomplete(full, { tables: ['shop.customers'] });
    });
    expect((await harness.run('create-diff')).stderr).not.toContain('[WARNING]');
    expect(remoteBaseOf(harness)).toBe(full);
  });

  test('not if the server only reports errors of its own', async ({ harness }) => {
    const [full = ''] = await makeChain(harness, 0);
    const error = 'code: 241, Memory limit (total) exceeded';
    const body = JSON.stringify({ status: 'error', operation: 'tables', error });
    for (let count = 0; count < 3; count++) answerTableReads(harness, { status: 500, body });
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(stderr).toContain(`could not check whether backup ${full} is complete: ${error}`);
    expect(remoteBaseOf(harness)).toBe(full);
  });

  test('not if the list shows it as broken now', async ({ harness }) => {
    const [full = ''] = await makeChain(harness, 0);
    harness.simulator.setIncomplete(full);
    harness.when('retry-check', () => harness.simulator.setBroken('remote', full));
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(1);
    expect(stderr).toContain(`lists backup ${full} as broken, so nothing was created`);
    expect(created(harness)).toBe(1);
  });
});

describe('the tables of an upload', () => {
  test.for([
    { how: 'empty-sizes', seconds: 40 },
    { how: 'empty-body', seconds: 40 },
    { how: 'error', seconds: 40 },
    { how: 'empty-sizes', seconds: 9 * 60 },
  ] as const)('may be unreadable ($how) for $seconds s', async ({ how, seconds }, { harness }) => {
    const stop = harness.simulator.failTableReads(how);
    harness.when('verify-upload', () => harness.later(seconds * second, stop));
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).not.toContain('[WARNING]');
    expect(harness.lastBackup).toMatch(/^FULL_/);
  });

  test.for(['success', 'error'] as const)(
    'that stay unreadable after %s leave the outcome unknown; the next run records it',
    async (outcome, { harness }) => {
      if (outcome === 'error') {
        harness.simulator.failNext('upload', "can't remove OLD", { madeAnyway: true });
      }
      const stop = harness.simulator.failTableReads('empty-sizes');
      const { code, stderr } = await harness.run('create-full');
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /could not be verified: .*the metadata of 2 of its 2 tables cannot be read: shop.customers, shop.orders \(the next run will check again\)/,
      );
      expect(harness.lastBackup).toBeUndefined();
      expect(harness.journal).toBeDefined();
      stop();
      const next = await harness.run('create-diff');
      expect(next.code).toBe(0);
      expect(next.stderr).toContain('has now been verified and recorded');
      expect(remoteBaseOf(harness)).toMatch(/^FULL_/);
    },
  );

  test('are not there: the next run does not use it', async ({ harness }) => {
    harness.simulator.breakNextUpload('incomplete');
    expect(await harness.run('create-full')).toMatchObject({ code: 1 });
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /it is unknown whether backup FULL_\S+ of the previous run is complete: the metadata of 2 of its 2 tables cannot be read/,
    );
    expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
  });

  test('are unreadable when an interrupted run is recovered during an outage', async ({
    harness,
  }) => {
    await harness.run('create-full');
    const last = harness.lastBackup;
    await harness.runKilled(/POST \/backup\/upload/, 'create-diff');
    await harness.clock.sleep(minute);
    const stop = harness.simulator.failTableReads('empty-sizes');
    harness.later(30 * second, () => (harness.simulator.storageDown = true));
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(1);
    expect(stderr).toMatch(/nothing was created: the outcome of the upload of DIFF_\S+ is unknown/);
    expect(harness.lastBackup).toBe(last);
    stop();
    harness.simulator.storageDown = false;
    const next = await harness.run('create-diff');
    expect(next.code).toBe(0);
    expect(next.stderr).toContain('has now been verified and recorded');
  });

  test.for(['error', 'no-answer'] as const)(
    'that were missing are not forgotten when a later read fails (%s)',
    async (how, { harness }) => {
      harness.simulator.breakNextUpload('incomplete');
      harness.when('retry-upload', () => {
        harness.later(30 * second, () => harness.simulator.failTableReads(how));
      });
      const { code, stderr } = await harness.run('create-full');
      expect(code).toBe(1);
      expect(stderr).toContain('could not be verified: the metadata of 2 of its 2 tables');
      expect(harness.lastBackup).toBeUndefined();
    },
  );

  test('may be impossible to read: the upload counts, with a warning', async ({ harness }) => {
    harness.simulator.failTableReads('error');
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).toMatch(/\[WARNING\] could not check whether backup FULL_\S+ is complete/);
    expect(harness.lastBackup).toMatch(/^FULL_/);
  });

  test('may be none, if the local copy has none either', async ({ harnessOf }) => {
    const harness = await harnessOf({ tables: new Map(), allowEmptyBackups: true });
    expect(await harness.run('create-full')).toMatchObject({ code: 0 });
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(stderr).not.toContain('[WARNING]');
  });
});

test.for(versions)(
  'a normal diff reads three backups at most (%s)',
  async (version, { harnessOf }) => {
    const harness = await harnessOf({ version });
    const [full, diff] = await makeChain(harness, 1);
    const before = reads(harness).length;
    await harness.run('create-diff');
    const wanted =
      version === '2.8.1' ? [diff, full, harness.lastBackup] : [diff, harness.lastBackup];
    expect(reads(harness).slice(before)).toEqual(wanted);
  },
);

test('a response that is too large is a note, not a warning', async ({ networkHarness }) => {
  // Up to 2.4, a server shows the definitions of all its tables instead.
  const row = JSON.stringify({
    Database: 'shop',
    Name: 'orders',
    CreateTableQuery: 'x'.repeat(1e6),
  });
  const body = `${row}\n`.repeat(18);
  networkHarness.simulator.answerNext({ path: /remote_backup=/ }, { status: 200, body });
  const { code, stderr } = await networkHarness.run('create-full', '--verbose');
  expect(code).toBe(0);
  expect(stderr).not.toContain('[WARNING]');
  expect(stderr).toContain('the response about its tables is larger than 16 MiB');
});

test('an old server that reports an error is not asked again', async ({ harnessOf }) => {
  const harness = await harnessOf({ version: '2.6.30' });
  const [full] = await makeChain(harness, 0);
  const body = JSON.stringify({ status: 'error', operation: 'tables', error: 'out of memory' });
  harness.simulator.answerNext({ path: /remote_backup=/ }, { status: 500, body });
  const startMs = harness.clock.elapsed();
  harness.when('note-tables', () => expect(harness.clock.elapsed()).toBe(startMs));
  expect(await harness.run('create-diff')).toMatchObject({ code: 0 });
  expect(remoteBaseOf(harness)).toBe(full);
});

test('an error of the storage that cannot show tables is a note, not a warning', async ({
  harness,
}) => {
  const error = '`tables --remote-backup` does not support `none` and `custom` remote storage';
  const body = JSON.stringify({ status: 'error', operation: 'tables', error });
  await makeChain(harness, 0);
  for (let count = 0; count < 2; count++) {
    harness.simulator.answerNext({ path: /remote_backup=/ }, { status: 500, body });
  }
  const { code, stderr } = await harness.run('create-diff', '--verbose');
  expect(code).toBe(0);
  expect(stderr).not.toContain('[WARNING]');
  expect(stderr).toContain('does not support `none` and `custom`');
});
