import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../support/virtual-clock.js';
import { table } from './clickhouse-tables.js';
import { ManualClock } from './manual-clock.js';
import type { SimulatorOptions } from './server.js';
import { Simulator } from './simulator.js';

const tables = () =>
  new Map([
    ['db.one', table('MergeTree', 10)],
    ['db.two', table('MergeTree', 60_000)],
    ['db.view', table('View', 0)],
  ]);

/** Returns a simulator, its clock, and shortcuts for requests. */
function setUp(options: Partial<SimulatorOptions> = {}) {
  const clock = new ManualClock();
  const simulator = new Simulator({ version: '2.8.1', clock, tables: tables(), ...options });
  const ask = async (method: string, path: string) => {
    const reply = await simulator.handle({ method, path, headers: {}, body: '' });
    if ('dropped' in reply) throw new Error(`${method} ${path} was dropped`);
    return reply;
  };
  const post = async (path: string) => {
    expect((await ask('POST', path)).status).toBeLessThan(300);
    clock.advance(60_000);
  };
  const backUp = async (name: string, query = '') => {
    await post(`/backup/create?name=${name}`);
    await post(`/backup/upload/${name}${query}`);
  };
  const list = async () =>
    (await ask('GET', '/backup/list/remote')).body
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  /** Returns `table size parts` of each row, or the status and the error. */
  const read = async (name: string, query = '', where = 'tables', location = 'remote') => {
    const path = `/backup/${where}?${location}_backup=${name}${query}`;
    const { status, body } = await ask('GET', path);
    const rows = body.split('\n').filter(Boolean);
    if (status !== 200) return [status, (JSON.parse(body) as { error: string }).error];
    return rows.map((row) => {
      const shown = JSON.parse(row) as { table: string; size: string; parts: number };
      return `${shown.table} ${shown.size} ${shown.parts}`;
    });
  };
  return { clock, simulator, ask, post, backUp, list, read };
}

const good = ['one 800B 1', 'two 4.58MiB 3', 'view 0B 0'];
const unreadable = ['one  0', 'two  0', 'view  0'];

describe('a read', () => {
  test('shows all parts of an increment, filters, and leaves no row', async () => {
    const { simulator, backUp, read } = setUp();
    await backUp('FULL');
    await backUp('DIFF', '?diff-from=FULL');
    const rows = simulator.actions.length;
    expect(await read('DIFF')).toEqual(good);
    expect(await read('DIFF', '&table=db.t*')).toEqual(['two 4.58MiB 3']);
    expect(await read('DIFF', '&table=db.no')).toEqual([]);
    expect(await read('DIFF', '', 'tables', 'local')).toEqual(good);
    expect(simulator.actions).toHaveLength(rows);
  });

  test('shows tables that match skip_tables now only with /all', async () => {
    const { simulator, backUp, read } = setUp();
    await backUp('A');
    simulator.tables.set('db.one', { ...table('MergeTree', 10), skip: true });
    for (const location of ['local', 'remote']) {
      expect(await read('A', '', 'tables', location)).toEqual(good.slice(1));
      expect(await read('A', '', 'tables/all', location)).toEqual(good);
    }
  });

  test('2.6.30 with /all marks the tables that the pattern does not match', async () => {
    const { backUp, ask } = setUp({ version: '2.6.30' });
    await backUp('A');
    const { body } = await ask('GET', '/backup/tables/all?remote_backup=A&table=db.one');
    const rows = body.split('\n').filter(Boolean);
    const skip = rows.map((row) => (JSON.parse(row) as { Skip: boolean }).Skip);
    expect(skip).toEqual([false, true, true]);
  });

  test('does not need the lock while another operation runs', async () => {
    const { simulator, backUp, read } = setUp();
    await backUp('A');
    simulator.busyWith('create OTHER', 60_000);
    expect(await read('A')).toEqual(good);
  });

  test.each(['2.6.30', '2.7.0', '2.8.1'] as const)(
    '%s: has no rows for a backup that is being uploaded or is broken',
    async (version) => {
      const { simulator, ask, post, backUp, read } = setUp({ version });
      await backUp('BROKEN');
      simulator.setBroken('remote', 'BROKEN');
      await post('/backup/create?name=A');
      await ask('POST', '/backup/upload/A');
      await ask('GET', '/backup/list/remote');
      expect(await read('A')).toEqual([]);
      expect(await read('BROKEN')).toEqual([]);
    },
  );

  test.each([
    ['2.6.30', 'GetTablesRemote does not support `none` and `custom` remote storage'],
    ['2.8.1', '`tables --remote-backup` does not support `none` and `custom` remote storage'],
  ] as const)('%s: fails without a remote storage', async (version, error) => {
    const { read } = setUp({ version, remoteStorage: 'none' });
    expect(await read('A')).toEqual([500, error]);
  });

  test('waits for ClickHouse', async () => {
    const { clock, simulator, backUp, read } = setUp();
    await backUp('A');
    simulator.clickHouseDown = true;
    const before = clock.now();
    const rows = read('A');
    await Promise.resolve();
    expect(clock.now()).toBeGreaterThan(before);
    simulator.clickHouseDown = false;
    expect(await rows).toEqual(good);
  });

  test('takes tableRead per table, one after the other', async () => {
    const { simulator, clock, backUp, read } = setUp({ workMs: { tableRead: 40 } });
    await backUp('A');
    simulator.insertRows('db.one', 10);
    const before = clock.now();
    await read('A');
    expect(clock.now() - before).toBe(120);
    await read('A', '&table=db.one');
    await read('A', '', 'tables', 'local');
    expect(clock.now() - before).toBe(160);
  });

  test('that an outage interrupts has empty sizes from then on', async () => {
    const clock = new VirtualClock();
    const simulator = new Simulator({
      ...{ version: '2.8.1', clock: clock.server, tables: tables() },
      workMs: { tableRead: 1000 },
    });
    simulator.addBackup('remote', { name: 'A' });
    await clock.limit(60_000, async () => {
      const path = '/backup/tables?remote_backup=A';
      const reply = simulator.handle({ method: 'GET', path, headers: {}, body: '' });
      await clock.server.sleep(1500);
      simulator.storageDown = true;
      const answer = await reply;
      if ('dropped' in answer) throw new Error('dropped');
      expect(answer.body.match(/"size":"[^"]*"/g)).toEqual(
        ['800B', '', ''].map((size) => `"size":"${size}"`),
      );
    });
  });
});

test('an upload that ends during a read completes the rest of the rows', async () => {
  const { simulator, ask, backUp, read } = setUp({ workMs: { upload: 2000, tableRead: 1500 } });
  await backUp('A');
  simulator.deleteBehind('remote', 'A');
  await ask('POST', '/backup/upload/A');
  expect(await read('A')).toEqual(['one  0', ...good.slice(1)]);
});

describe('the metadata cache', () => {
  test('an outage gives empty sizes, and no rows once a list has emptied the cache', async () => {
    const { simulator, backUp, list, read } = setUp();
    await backUp('A');
    simulator.storageDown = true;
    expect(await read('A')).toEqual(unreadable);
    expect(await list()).toEqual([]);
    expect(await read('A')).toEqual([]);
    expect(await read('NOPE')).toEqual([]);
    simulator.storageDown = false;
    await list();
    simulator.storageDown = true;
    expect(await read('A')).toEqual(unreadable);
    simulator.storageDown = false;
    expect(await read('A')).toEqual(good);
  });

  test('2.6.30 lists for each read, so an outage or a missing backup gives no rows', async () => {
    const { simulator, ask, backUp } = setUp({ version: '2.6.30' });
    await backUp('A');
    const rows = async () => (await ask('GET', '/backup/tables?remote_backup=A')).body.split('\n');
    expect(await rows()).toHaveLength(4);
    simulator.storageDown = true;
    expect(await rows()).toEqual(['']);
    simulator.storageDown = false;
    expect(await rows()).toHaveLength(4);
    simulator.deleteBehind('remote', 'A');
    expect(await rows()).toEqual(['']);
  });

  test('a read fills it for its backup only', async () => {
    const { simulator, read } = setUp();
    simulator.addBackup('remote', { name: 'A' });
    simulator.addBackup('remote', { name: 'B' });
    expect(await read('A')).toEqual(good);
    simulator.storageDown = true;
    expect([await read('A'), await read('B')]).toEqual([unreadable, []]);
  });

  test('a backup that another client deleted is found until the next list', async () => {
    const { simulator, backUp, list, read } = setUp();
    await backUp('A');
    simulator.deleteBehind('remote', 'A');
    expect(await read('A')).toEqual(unreadable);
    await list();
    expect(await read('A')).toEqual([500, "backup 'A' not found on remote storage"]);
  });

  test('a delete by this server is seen at once', async () => {
    const { backUp, post, read } = setUp();
    await backUp('A');
    await post('/backup/delete/remote/A');
    expect(await read('A')).toEqual([500, "backup 'A' not found on remote storage"]);
  });

  test('belongs to a server, and outlives its process', async () => {
    const remote = new Map();
    const first = setUp({ remote });
    const second = setUp({ remote });
    await first.backUp('A');
    first.simulator.restart({ rows: 'gone', work: 'stops', resume: false });
    first.simulator.storageDown = true;
    second.simulator.storageDown = true;
    expect(await first.read('A')).toEqual(unreadable);
    expect(await second.read('A')).toEqual([]);
  });
});

describe('an incomplete backup', () => {
  test('of an automatic resume keeps its row, but moves behind its increments', async () => {
    const { clock, simulator, backUp, list, read } = setUp({ version: '2.7.0' });
    await backUp('BASE');
    await backUp('DIFF', '?diff-from=BASE');
    const before = await list();
    expect(before.map(({ name }) => name)).toEqual(['BASE', 'DIFF']);
    const other = setUp({ version: '2.7.0', remote: simulator.remote });
    expect(await other.list()).toEqual(before);

    simulator.deleteBehind('remote', 'BASE');
    simulator.restart({ rows: 'gone', work: 'stops' });
    clock.advance(60_000);
    expect(await list()).toEqual(before.toReversed());
    expect(await read('BASE')).toEqual(unreadable);
    expect(await read('DIFF')).toEqual(good);
    expect(simulator.isWhole('DIFF')).toBe(false);
    // A server that did not see the deletion does not move it.
    expect(await other.list()).toEqual(before);
    expect(await other.read('BASE')).toEqual(unreadable);
  });

  test('setIncomplete: some of its tables have empty sizes, and it cannot be restored', async () => {
    const { simulator, ask, post, backUp, list, read } = setUp();
    await backUp('A');
    const before = await list();
    simulator.setIncomplete('A', { tables: ['db.two'] });
    expect(await list()).toEqual(before);
    expect(await read('A')).toEqual(['one 800B 1', 'two  0', 'view 0B 0']);
    expect(simulator.isWhole('A')).toBe(false);
    await ask('POST', '/backup/delete/local/A');
    await post('/backup/download/A');
    expect(simulator.actions.at(-1)?.status).toBe('error');
    simulator.setIncomplete('A');
    expect(await read('A')).toEqual(unreadable);
    expect(() => simulator.setIncomplete('NOPE')).toThrow('no remote backup NOPE');
  });

  test('setIncomplete with moves: it is listed behind its increments', async () => {
    const { simulator, backUp, list, read } = setUp();
    await backUp('BASE');
    await backUp('DIFF', '?diff-from=BASE');
    const before = await list();
    simulator.setIncomplete('BASE');
    expect(await list()).toEqual(before);
    simulator.setIncomplete('BASE', { moves: true });
    expect(await list()).toEqual(before.toReversed());
    expect(await read('BASE')).toEqual(unreadable);
  });
});

describe('failTableReads', () => {
  test.each([
    ['empty-sizes', unreadable],
    ['empty-body', []],
    ['error', [500, expect.stringContaining('connection refused')]],
  ] as const)('%s: two reads fail while lists work', async (how, failed) => {
    const { simulator, backUp, list, read, ask } = setUp();
    await backUp('A');
    simulator.failTableReads(how, 2);
    expect(await read('A')).toEqual(failed);
    expect(await list()).toHaveLength(1);
    expect(await read('A', '', 'tables', 'local')).toEqual(good);
    expect((await ask('GET', '/backup/tables')).status).toBe(200);
    expect(await read('A')).toEqual(failed);
    expect(await read('A')).toEqual(good);
  });

  test('no-answer: the client waits until it gives up', async () => {
    const { simulator, backUp, read } = setUp();
    await backUp('A');
    simulator.failTableReads('no-answer', 1);
    const disconnected = new AbortController();
    const path = '/backup/tables?remote_backup=A';
    const request = { method: 'GET', path, headers: {}, body: '' };
    const reply = simulator.handle(request, disconnected.signal);
    disconnected.abort();
    expect(await reply).toEqual({ dropped: true });
    expect(await read('A')).toEqual(good);
  });

  test('lasts until it is ended or the faults are cleared, for one backup', async () => {
    const { simulator, backUp, read } = setUp();
    await backUp('A');
    await backUp('B');
    const stop = simulator.failTableReads('empty-body', Infinity, 'A');
    expect([await read('A'), await read('B'), await read('A')]).toEqual([[], good, []]);
    stop();
    expect(await read('A')).toEqual(good);
    simulator.failTableReads('empty-sizes');
    expect(await read('B')).toEqual(unreadable);
    simulator.clearFaults();
    expect(await read('B')).toEqual(good);
  });

  test('listsHang: a read is answered once the storage answers', async () => {
    const { clock, simulator, backUp, read } = setUp();
    await backUp('A');
    simulator.listsHang = true;
    const before = clock.now();
    const rows = read('A');
    await Promise.resolve();
    expect(clock.now()).toBeGreaterThan(before);
    simulator.listsHang = false;
    expect(await rows).toEqual(good);
  });
});
