import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../support/virtual-clock.js';
import { table } from './clickhouse-tables.js';
import { ManualClock } from './manual-clock.js';
import type { Answer } from './replies.js';
import type { SimulatorOptions } from './server.js';
import { Simulator } from './simulator.js';

/** Returns a simulator, its clock, and shortcuts for requests. */
function setUp(options: Partial<SimulatorOptions> = {}) {
  const clock = new ManualClock();
  const simulator = new Simulator({ version: '2.8.1', clock, ...options });
  const raw = (method: string, path: string, body = '', signal?: AbortSignal) =>
    simulator.handle({ method, path, headers: {}, body }, signal);
  const ask = async (method: string, path: string, body = ''): Promise<Answer> => {
    const reply = await raw(method, path, body);
    if ('dropped' in reply) throw new Error(`${method} ${path} was dropped`);
    return reply;
  };
  const rows = async (path: string) =>
    (await ask('GET', path)).body
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const last = () => {
    const row = simulator.actions.at(-1);
    return row ? [row.command, row.status, row.error] : [];
  };
  const post = async (path: string) => {
    expect((await ask('POST', path)).status).toBeLessThan(300);
    clock.advance(60_000);
    return last();
  };
  const act = async (command: string) => {
    expect((await ask('POST', '/backup/actions', JSON.stringify({ command }))).status).toBe(200);
    clock.advance(60_000);
    return last();
  };
  const backUp = async (name: string, query = '') => {
    await post(`/backup/create?name=${name}`);
    return post(`/backup/upload/${name}${query}`);
  };
  return { clock, simulator, raw, ask, rows, last, post, act, backUp };
}

describe('the lock', () => {
  test('2.4.0: a list that ends during an upload releases it', async () => {
    const { ask, post } = setUp({ version: '2.4.0' });
    await post('/backup/create?name=A');
    await ask('POST', '/backup/upload/A');
    expect((await ask('POST', '/backup/create?name=B')).status).toBe(423);
    await ask('GET', '/backup/list/local');
    expect((await ask('POST', '/backup/create?name=B')).status).toBe(201);
  });

  test.each(['2.6.30', '2.8.1'] as const)('%s checks every row', async (version) => {
    const { ask, post } = setUp({ version });
    await post('/backup/create?name=A');
    await ask('POST', '/backup/upload/A');
    await ask('GET', '/backup/list/local');
    expect((await ask('POST', '/backup/create?name=B')).status).toBe(423);
  });

  test("another client's operation holds it until it ends", async () => {
    const { clock, simulator, ask, rows } = setUp();
    simulator.busyWith('create_remote OTHER', 5000);
    expect((await ask('POST', '/backup/create?name=B')).status).toBe(423);
    expect(await rows('/backup/status')).toMatchObject([{ command: 'create_remote OTHER' }]);
    clock.advance(5000);
    expect((await ask('POST', '/backup/create?name=B')).status).toBe(201);
  });

  test('a slow list is in progress until it is answered', async () => {
    const clock = new VirtualClock();
    const options = { clock: clock.server, workMs: { list: 5000 } };
    const { ask, last } = setUp(options);
    await clock.limit(60_000, async () => {
      const list = ask('GET', '/backup/list');
      expect(last()).toEqual(['list', 'in progress', undefined]);
      expect((await ask('POST', '/backup/create?name=B')).status).toBe(423);
      await list;
    });
    expect(last()[1]).toBe('success');
  });
});

describe('retention', () => {
  test('a create removes the oldest local backup, even if it is needed as a base', async () => {
    const { simulator, post, backUp } = setUp({ keepLocal: 2 });
    await backUp('FULL');
    await post('/backup/create?name=ONE');
    await post('/backup/create?name=TWO');
    expect([...simulator.local.keys()]).toEqual(['ONE', 'TWO']);
  });

  test('an upload keeps the newest remote backups and their bases', async () => {
    const { simulator, backUp } = setUp({ keepRemote: 1 });
    await backUp('OLD');
    await backUp('FULL');
    await backUp('DIFF', '?diff-from=FULL');
    await backUp('DIFF2', '?diff-from=DIFF');
    expect([...simulator.remote.keys()]).toEqual(['FULL', 'DIFF', 'DIFF2']);
    await backUp('NEXT');
    expect([...simulator.remote.keys()]).toEqual(['NEXT']);
  });
});

describe('running work', () => {
  test('a running create or upload is listed as broken', async () => {
    const { clock, ask, rows } = setUp();
    await ask('POST', '/backup/create?name=A');
    expect(await rows('/backup/list')).toMatchObject([{ desc: 'broken metadata.json not found' }]);
    clock.advance(60_000);
    await ask('POST', '/backup/upload/A');
    expect(await rows('/backup/list/remote')).toMatchObject([
      { name: 'A', desc: "broken (can't stat metadata.json)", created: '0001-01-01 00:00:00' },
    ]);
  });

  test('an upload during clean/remote_broken is listed as ok but is incomplete', async () => {
    const { clock, simulator, ask, post, rows } = setUp();
    await post('/backup/create?name=A');
    await ask('POST', '/backup/upload/A');
    await ask('POST', '/backup/clean/remote_broken');
    clock.advance(60_000);
    expect(await rows('/backup/list/remote')).toMatchObject([{ desc: 'tar, regular' }]);
    expect(simulator.isWhole('A')).toBe(false);
  });

  test.each([
    ['2.6.30', true],
    ['2.8.1', false],
  ] as const)('kill: on %s the upload continues: %s', async (version, continues) => {
    const { simulator, clock, ask, post } = setUp({ version });
    await post('/backup/create?name=A');
    await ask('POST', '/backup/upload/A');
    const killed = await ask('POST', '/backup/kill?command=upload%20A');
    expect(killed.body).toContain('"command":"upload A"');
    clock.advance(60_000);
    expect(simulator.actions.at(-1)).toMatchObject({ status: 'cancel' });
    expect(simulator.isWhole('A')).toBe(continues);
  });

  test('work continues when the client disconnects', async () => {
    const clock = new VirtualClock();
    const { simulator, raw } = setUp({ clock: clock.server, workMs: { delete: 9000 } });
    simulator.addBackup('local', { name: 'A' });
    const disconnected = new AbortController();
    await clock.limit(60_000, async () => {
      const reply = raw('POST', '/backup/delete/local/A', '', disconnected.signal);
      disconnected.abort();
      expect(await reply).toEqual({ dropped: true });
    });
    expect(simulator.local.size).toBe(1);
    await clock.sleep(9000);
    expect(simulator.local.size).toBe(0);
  });
});

describe('faults of operations', () => {
  test('failNext: a failed operation does nothing, or with madeAnyway everything', async () => {
    const { simulator, ask, post } = setUp();
    simulator.failNext('create', 'no disk');
    expect(await post('/backup/create?name=A')).toEqual(['create A', 'error', 'no disk']);
    expect(simulator.local.size).toBe(0);
    await post('/backup/create?name=A');
    simulator.failNext('upload', 'net');
    await post('/backup/upload/A');
    expect(simulator.remote.size).toBe(0);
    simulator.failNext('upload', "can't remove old backups", { madeAnyway: true });
    expect(await post('/backup/upload/A')).toEqual([
      'upload A',
      'error',
      "can't remove old backups",
    ]);
    expect(simulator.isWhole('A')).toBe(true);
    simulator.failNext('delete', 'net');
    expect(await ask('POST', '/backup/delete/remote/A')).toMatchObject({ status: 500 });
    expect(simulator.isWhole('A')).toBe(true);
  });

  test.each([
    ['broken', { desc: "broken (can't stat metadata.json)" }],
    ['missing', undefined],
    ['wrong-base', { required: 'OTHER' }],
    ['no-base', { required: '' }],
    ['incomplete', { required: 'FULL', desc: 'tar, regular' }],
    ['base-broken', { required: 'FULL' }],
  ] as const)('breakNextUpload(%s)', async (how, shown) => {
    const { simulator, backUp, rows } = setUp();
    await backUp('OTHER');
    await backUp('FULL');
    simulator.breakNextUpload(how);
    expect((await backUp('DIFF', '?diff-from=FULL'))[1]).toBe('success');
    const row = (await rows('/backup/list/remote')).find(({ name }) => name === 'DIFF');
    if (shown) expect(row).toMatchObject(shown);
    else expect(row).toBeUndefined();
    expect(simulator.isWhole('DIFF')).toBe(how === 'no-base' || how === 'wrong-base');
  });

  test('showUploadsAfterLists(3): an upload appears on the third list', async () => {
    const { simulator, backUp, rows } = setUp();
    simulator.showUploadsAfterLists(3);
    await backUp('A');
    const shown = [];
    for (let list = 0; list < 3; list++) shown.push((await rows('/backup/list/remote')).length);
    expect(shown).toEqual([0, 0, 1]);
  });

  test('fullStorage: a failed upload leaves a broken backup', async () => {
    const { simulator, backUp, rows } = setUp();
    simulator.fullStorage = true;
    expect((await backUp('A'))[1]).toBe('error');
    expect(await rows('/backup/list/remote')).toMatchObject([{ name: 'A', location: 'remote' }]);
    expect(simulator.isWhole('A')).toBe(false);
    simulator.fullStorage = false;
    await backUp('A');
    expect(simulator.isWhole('A')).toBe(true);
  });

  test('storageDown: lists are empty, uploads fail late, delete/local works', async () => {
    const { simulator, backUp, rows, ask } = setUp({ version: '2.4.0' });
    await backUp('A');
    simulator.storageDown = true;
    expect(await rows('/backup/list/remote')).toEqual([]);
    expect(await rows('/backup/list')).toMatchObject([{ location: 'local' }]);
    expect((await backUp('B'))[2]).toContain('connection refused');
    const remote = await ask('POST', '/backup/delete/remote/A');
    expect([remote.status, remote.body]).toEqual([
      500,
      expect.stringContaining("'A' is not found on remote storage"),
    ]);
    expect((await ask('POST', '/backup/delete/local/A')).status).toBe(200);
    simulator.storageDown = false;
    expect(simulator.isWhole('A')).toBe(true);
  });

  test('storageDown: 2.8.1 does not answer a remote delete, and holds the lock', async () => {
    const clock = new VirtualClock();
    const { simulator, raw, ask } = setUp({ clock: clock.server });
    simulator.addBackup('remote', { name: 'A' });
    simulator.storageDown = true;
    await expect(
      clock.limit(60_000, async (signal) => {
        await raw('POST', '/backup/delete/remote/A', '', signal);
        signal.throwIfAborted();
      }),
    ).rejects.toThrow('no answer within 60 s');
    expect((await ask('POST', '/backup/create?name=B')).status).toBe(423);
    simulator.storageDown = false;
    expect(simulator.remote.size).toBe(0);
  });

  test('hang: no work ends until ClickHouse answers again', async () => {
    const { simulator, clock, ask, last } = setUp();
    simulator.hang = true;
    await ask('POST', '/backup/create?name=A');
    clock.advance(3_600_000);
    expect(last()[1]).toBe('in progress');
    simulator.hang = false;
    expect(last()[1]).toBe('success');
    expect(simulator.actions.at(-1)?.finishMs).toBe(clock.now());
  });

  test.for(['2.4.0', '2.6.30', '2.8.1'] as const)(
    'clickHouseDown: %s answers at once with an error, or when ClickHouse is up again',
    async (version) => {
      const { simulator, clock, ask } = setUp({ version });
      simulator.clickHouseDown = true;
      const paths = ['/backup/list', '/backup/tables?table=nosuch.nosuch'];
      const asked = paths.map((path) => ask('GET', path));
      await Promise.resolve();
      const inProgress = simulator.actions.filter(({ status }) => status === 'in progress');
      expect(inProgress).toHaveLength(version === '2.4.0' ? 0 : 1);
      expect((await ask('GET', '/backup/actions')).status).toBe(200);
      if (version !== '2.4.0') {
        simulator.clickHouseDown = false;
        clock.advance(5000);
      }
      const statuses = (await Promise.all(asked)).map(({ status }) => status);
      expect(statuses).toEqual(version === '2.4.0' ? [500, 500] : [200, 200]);
      expect(simulator.actions.every(({ status }) => status === 'success')).toBe(true);
    },
  );

  test('forgetUploadRowFor: the row is late, so the lock allows two uploads', async () => {
    const { simulator, clock, ask, post, rows } = setUp({ version: '2.6.30' });
    await post('/backup/create?name=A');
    simulator.forgetUploadRowFor(500);
    await ask('POST', '/backup/upload/A');
    expect(await rows('/backup/actions?filter=upload')).toEqual([]);
    expect((await ask('POST', '/backup/upload/A')).status).toBe(200);
    clock.advance(500);
    expect(await rows('/backup/actions?filter=upload')).toHaveLength(2);
  });
});

describe('faults of answers', () => {
  const create = { method: 'POST', path: /create/ };

  test('refuse: no request arrives until the given time', async () => {
    const { simulator, clock, raw } = setUp();
    simulator.refuse = clock.now() + 1000;
    expect(await raw('GET', '/health')).toEqual({ dropped: true, refused: true });
    clock.advance(1000);
    expect(await raw('GET', '/health')).toMatchObject({ status: 200 });
    expect(simulator.requests).toHaveLength(1);
  });

  test.each([true, false])('loseNextAnswer, done: %s', async (done) => {
    const { simulator, raw } = setUp();
    simulator.loseNextAnswer(create, { done });
    expect(await raw('GET', '/health')).toMatchObject({ status: 200 });
    expect(await raw('POST', '/backup/create?name=A')).toEqual({ dropped: true });
    expect(simulator.actions).toHaveLength(done ? 1 : 0);
    expect(await raw('POST', '/backup/create?name=B')).toHaveProperty('status');
  });

  test('delayNextAnswer: the request is carried out at once', async () => {
    const { simulator, clock, raw } = setUp();
    const before = clock.now();
    simulator.delayNextAnswer(create, 5000);
    await raw('POST', '/backup/create?name=A');
    expect(clock.now() - before).toBe(5000);
    expect(simulator.actions[0]?.startMs).toBe(before);
  });

  test('neverAnswer: no request is answered until the fault is removed', async () => {
    const { simulator, raw } = setUp();
    const stop = simulator.neverAnswer({ path: /health/ });
    const disconnected = new AbortController();
    const reply = raw('GET', '/health', '', disconnected.signal);
    disconnected.abort();
    expect(await reply).toEqual({ dropped: true });
    stop();
    expect(await raw('GET', '/health')).toMatchObject({ status: 200 });
  });

  test('answerNext: the request gets this answer and is not carried out', async () => {
    const { simulator, raw } = setUp();
    simulator.answerNext(create, { status: 502, body: '<html>' });
    expect(await raw('POST', '/backup/create?name=A')).toMatchObject({
      status: 502,
      body: '<html>',
    });
    expect(simulator.actions).toEqual([]);
  });

  test('requests to unknown routes are recorded', async () => {
    const { simulator, ask } = setUp({ version: '2.4.0' });
    await ask('GET', '/backup/version');
    expect(simulator.unknownRoutes).toEqual([]);
    expect((await ask('POST', '/backup/create_remote?name=A')).status).toBe(404);
    expect((await ask('POST', '/backup/upload/a%2Fb')).status).toBe(404);
    expect(simulator.unknownRoutes).toHaveLength(2);
  });
});

describe('restart', () => {
  test('a new process has no rows; an interrupted upload stays', async () => {
    const { simulator, ask, post, rows } = setUp();
    await post('/backup/create?name=A');
    await ask('POST', '/backup/upload/A');
    simulator.restart({ rows: 'gone', work: 'stops', resume: false });
    expect(await rows('/backup/actions')).toEqual([]);
    expect(await rows('/backup/list/remote')).toMatchObject([{ name: 'A', metadata_size: 0 }]);
  });

  test('the connection of an unanswered request is cut', async () => {
    const { simulator, raw } = setUp();
    simulator.neverAnswer({ path: /health/ });
    const reply = raw('GET', '/health');
    simulator.restart({ rows: 'gone', work: 'goes on' });
    expect(await reply).toEqual({ dropped: true });
  });

  test('the new process repeats the uploads in turn, and deletes their state', async () => {
    const { simulator, clock, backUp } = setUp();
    await backUp('A');
    await backUp('B', '?diff-from=A');
    for (const expected of [
      ['upload --resumable=1 A', 'upload --diff-from=A --resumable=1 B'],
      [],
    ]) {
      simulator.restart({ rows: 'gone', work: 'stops' });
      clock.advance(60_000);
      expect(simulator.actions.map((row) => row.command)).toEqual(expected);
      expect(simulator.actions.map((row) => row.status)).not.toContain('error');
    }
  });

  test('2.4.0: an incremental resume fails and ends the series', async () => {
    const { simulator, clock, backUp } = setUp({ version: '2.4.0' });
    await backUp('A');
    await backUp('B', '?diff-from=A');
    await backUp('C');
    simulator.restart({ rows: 'gone', work: 'stops' });
    clock.advance(60_000);
    expect(simulator.actions).toMatchObject([
      { command: 'upload --resumable=1 A', status: 'success' },
      { command: 'upload --diff-from="A" --resumable=1 B', status: 'error' },
    ]);
    expect(simulator.actions.at(-1)?.error).toContain('open "A"/metadata.json');
  });

  test.each([
    ['2.4.0', false],
    ['2.6.30', false],
    ['2.8.1', true],
  ] as const)(
    '%s: a deleted remote copy is complete after the resume: %s',
    async (version, isComplete) => {
      const { simulator, clock, backUp, rows } = setUp({ version });
      await backUp('A');
      simulator.deleteBehind('remote', 'A');
      simulator.restart({ rows: 'gone', work: 'stops' });
      clock.advance(60_000);
      expect(await rows('/backup/list/remote')).toMatchObject([
        { name: 'A', desc: 'tar, regular' },
      ]);
      expect(simulator.isWhole('A')).toBe(isComplete);
    },
  );
});

describe('restore', () => {
  const rowsOf = (simulator: Simulator) => simulator.tables.get('db.t')?.rows;
  const small = () => new Map([['db.t', table('MergeTree', 10)]]);

  test('restoring data again duplicates rows; dropping the table first does not', async () => {
    const { simulator, post } = setUp({ tables: small() });
    await post('/backup/create?name=A');
    await post('/backup/restore/A?table=db.t&data=true');
    expect(rowsOf(simulator)).toBe(20);
    await post('/backup/restore/A?table=db.t');
    expect(rowsOf(simulator)).toBe(10);
    await post('/backup/restore/A?table=db.t&schema=true');
    expect(simulator.tables.get('db.t')).toMatchObject({ rows: 0, totalBytes: 0 });
  });

  test('missing tables, patterns without a match, and mappings', async () => {
    const { simulator, ask, post } = setUp({ tables: small() });
    await post('/backup/create?name=A');
    const copy = '/backup/restore/A?table=db.t&restore_database_mapping=db:copy';
    expect((await post(`${copy}&data=1`))[2]).toContain('copy.t is not created');
    expect(await post(`${copy}&restore_table_mapping=t:u`)).toContain('success');
    expect(simulator.tables.get('copy.u')?.rows).toBe(10);
    expect((await post('/backup/restore/A?table=db&data=1'))[2]).toContain('not found schemas');
    expect((await ask('POST', '/backup/restore/A?restore_database_mapping=db')).status).toBe(500);
  });

  test.each([
    ['2.4.0', 'success', undefined, 'flag provided but not defined: -env'],
    ['2.6.30', 'error', expect.stringContaining("can't restore cause"), undefined],
    ['2.8.1', 'error', expect.stringContaining("can't restore cause"), undefined],
  ] as const)('a busy Replicated table on %s', async (version, status, error, envError) => {
    const tables = new Map([['db.t', table('ReplicatedMergeTree', 10)]]);
    const { simulator, post, act } = setUp({ version, tables });
    await post('/backup/create?name=A');
    simulator.replicaBusy('db.t');
    const [, ...outcome] = await post('/backup/restore/A?table=db.t&data=true');
    expect(outcome).toEqual([status, error]);
    expect(rowsOf(simulator)).toBe(10);
    const [, , said] = await act(
      'restore --env=CLICKHOUSE_CHECK_REPLICAS_BEFORE_ATTACH=false --data --tables=db.t A',
    );
    expect(said).toBe(envError);
    expect(rowsOf(simulator)).toBe(envError ? 10 : 20);
  });

  test.each([
    ['2.6.30', 5],
    ['2.8.1', 7],
  ] as const)('%s: diff-from-remote of a refilled table uploads %i rows', async (version, rows) => {
    const tables = new Map([['db.t', table('MergeTree', 5)]]);
    const { simulator, backUp } = setUp({ version, tables });
    await backUp('FULL');
    simulator.refillTable('db.t', 7);
    await backUp('DIFF', '?diff-from-remote=FULL');
    expect(simulator.remote.get('DIFF')?.tables.get('db.t')).toBe(rows);
  });
});

describe('POST /backup/actions', () => {
  test('the first line runs although the second fails', async () => {
    const { simulator, ask } = setUp();
    const body = '{"command":"create A"}\n{"command":"create B"}';
    expect((await ask('POST', '/backup/actions', body)).status).toBe(500);
    expect(simulator.actions.map((row) => row.command)).toEqual(['create A']);
  });

  test('quotes and flags are parsed; the row shows the text as it was sent', async () => {
    const { simulator, post, act } = setUp();
    await post('/backup/create?name=A');
    expect(await act('upload "A"')).toEqual(['upload "A"', 'success', undefined]);
    await post('/backup/create?name=B');
    await act('upload --diff-from A B');
    expect(simulator.remote.get('B')?.required).toBe('A');
  });

  test('an empty command and a delete without a name crash the server', async () => {
    const { raw } = setUp();
    const dropped = { dropped: true };
    expect(await raw('POST', '/backup/actions', '{"command":""}')).toEqual(dropped);
    expect(await raw('POST', '/backup/actions', '{"command":"delete local"}')).toEqual(dropped);
  });
});

describe('options', () => {
  test('versionText, utcOffsetMinutes and profile change the answers', async () => {
    const { ask, rows, backUp } = setUp({
      version: '2.6.30',
      versionText: '2.7.0',
      utcOffsetMinutes: 60,
      profile: { hasRebaseRoute: true },
    });
    await backUp('A');
    expect((await ask('GET', '/')).body).toMatch(/^Version: 2\.7\.0\n[^]*\/backup\/rebase/);
    expect(await rows('/backup/actions?last=1')).toMatchObject([{ start: '2026-11-22 14:04:54' }]);
  });

  test('2.4.0 shows `created` in UTC and its rows in its own zone', async () => {
    const { rows, post } = setUp({ version: '2.4.0', utcOffsetMinutes: 60 });
    await post('/backup/create?name=A');
    expect(await rows('/backup/list/local')).toMatchObject([{ created: '2026-11-22 13:03:55' }]);
    expect(await rows('/backup/actions?filter=create')).toMatchObject([
      { start: '2026-11-22 14:03:54', finish: '2026-11-22 14:03:55' },
    ]);
  });
});
