import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../support/virtual-clock.js';
import { type FakeState, fakeVersions, startFake } from './fake-program.js';

const orders = { database: 'shop', table: 'orders' };

describe('capabilities', () => {
  test.each([
    ['2.4.0', '2.4.0', false, false, false],
    ['2.6.30', '2.6.30', false, true, false],
    ['2.8.1', 'HEAD', true, true, true],
  ] as const)('%s', async (version, name, diffFromRemoteSafe, tableMapping, tableMappingAlone) => {
    const { client, calls } = startFake({ version });
    expect(await client.capabilities()).toEqual({
      version: name,
      diffFromRemoteSafe,
      // Since 2.7.0, as well.
      tableMetadata: diffFromRemoteSafe,
      tableMapping,
      tableMappingAlone,
      checkReplicasSwitch: true,
      listIsHarmless: true,
      // Both were added between 2.4.0 and 2.6.30.
      seesOthersWork: tableMapping,
    });
    await client.capabilities();
    expect(calls().map(({ args }) => args.join(' '))).toEqual(
      name === 'HEAD' ? ['--version', '--help'] : ['--version'],
    );
  });

  test('treats a build without a version and without rebase as the oldest', async () => {
    const { client } = startFake({ version: '2.6.30', state: { version: 'unknown' } });
    expect(await client.capabilities()).toMatchObject({ version: 'unknown', tableMapping: false });
  });

  test('refuses another program before it runs any other command', async () => {
    const { client, calls } = startFake({ state: { version: null } });
    await expect(client.download('b1')).rejects.toMatchObject({ name: 'ConfigError', exitCode: 2 });
    expect(calls()).toHaveLength(1);
  });
});

describe('tables', () => {
  test.each(fakeVersions)('%s: reads recorded sizes', async (version) => {
    const { client } = startFake({ version });
    expect(await client.table({ database: 'shop', table: 'none' })).toBeUndefined();
    const customers = await client.table({ database: 'shop', table: 'customers' });
    expect(customers?.totalBytes).toBe(Math.round(79.76 * 1024));
  });

  test.each(fakeVersions)('%s: returns exactly the requested table', async (version) => {
    const tables = { 'shop.orders2': 5, 'shop.orders': 81_674, 'shop.empty': 0, 'shop.a+b': 7 };
    const { client, calls } = startFake({ version, state: { tables } });
    const table = { database: 'shop', name: 'orders', engine: undefined, rows: 'saved' };
    const found = await client.table(orders);
    expect(found).toEqual({ ...table, totalBytes: Math.round(79.76 * 1024) });
    expect(calls().at(-1)?.args).toEqual(['tables', '--all', '--tables=shop.orders']);
    expect(calls().at(-1)?.env['CLICKHOUSE_SKIP_TABLE_ENGINES']).toMatch(/^MergeTree,/);
    expect(await client.table({ ...orders, table: 'empty' })).toMatchObject({ totalBytes: 0 });
    expect(await client.table({ ...orders, table: 'order' })).toBeUndefined();
    expect(await client.table({ ...orders, table: 'a+b' })).toMatchObject({ totalBytes: 7 });
    expect(calls().at(-1)?.args).toEqual(['tables', '--all', '--tables=shop.a*b']);
  });
});

describe('restore', () => {
  const state = (): Partial<FakeState> => ({
    local: [{ name: 'b1', tables: { 'shop.orders': 1000 } }],
    tables: { 'shop.orders': 10 },
  });
  const request = { backup: 'b1', table: orders, what: 'data', checkReplicas: true } as const;

  test.each(fakeVersions)('%s: restores data', async (version) => {
    const fake = startFake({
      version,
      state: state(),
      env: { CLICKHOUSE_HOST: 'h', CHBACKUP_PASSWORD: 's' },
    });
    expect(await fake.client.restore(request)).toEqual({ kind: 'success' });
    expect(fake.state().tables).toEqual({ 'shop.orders': 1010 });
    const call = fake.calls().at(-1);
    expect(call?.args).toEqual(['restore', '--data', '--tables=shop.orders', '--', 'b1']);
    expect(call?.env).toMatchObject({ CLICKHOUSE_HOST: 'h', LOG_LEVEL: 'warning' });
    expect(Object.keys(call?.env ?? {}).filter((name) => /CHBACKUP|REPLICAS/.test(name))).toEqual(
      [],
    );
    expect(fake.observed).toContainEqual([
      'answered',
      { command: 'restore --data --tables=shop.orders -- b1', status: 'success' },
    ]);
  });

  test('restores definition and data with neither flag and without --rm', async () => {
    const fake = startFake({ state: state() });
    await fake.client.restore({ ...request, what: 'schema-and-data' });
    expect(fake.state().tables).toEqual({ 'shop.orders': 1000 });
    expect(fake.calls().at(-1)?.args).toEqual(['restore', '--tables=shop.orders', '--', 'b1']);
  });

  test('restores as another table', async () => {
    const fake = startFake({ state: state() });
    const into = { database: 'copy', table: 'orders_old' };
    await fake.client.restore({ ...request, into, what: 'schema-and-data' });
    expect(fake.state().tables).toEqual({ 'shop.orders': 10, 'copy.orders_old': 1000 });
    await fake.client.restore({
      ...request,
      into: { ...orders, table: 'o2' },
      what: 'schema-and-data',
    });
    expect(
      fake
        .calls()
        .at(-1)
        ?.args.filter((arg) => arg.includes('mapping')),
    ).toEqual(['--restore-table-mapping=orders:o2']);
  });

  test('restores without the check of replicas', async () => {
    const fake = startFake({
      version: '2.4.0',
      state: { ...state(), replicated: ['shop.orders'] },
    });
    expect(await fake.client.restore(request)).toEqual({ kind: 'success' });
    expect(fake.state().tables).toEqual({ 'shop.orders': 10 });
    await fake.client.restore({ ...request, checkReplicas: false });
    expect(fake.state().tables).toEqual({ 'shop.orders': 1010 });
  });

  test.each(fakeVersions)('%s: returns the error of the program', async (version) => {
    const { client } = startFake({ version, state: { ...state(), tables: {} } });
    expect(await client.restore(request)).toEqual({
      kind: 'error',
      reason: 'shop.orders is not created. Restore schema first or create missing tables manually',
    });
  });

  test('returns an unknown outcome if the program was killed', async () => {
    const { client } = startFake({ state: { ...state(), killed: { restore: 'SIGKILL' } } });
    expect(await client.restore(request)).toEqual({
      kind: 'unknown',
      reason: 'clickhouse-backup was killed by SIGKILL',
    });
  });
});

describe('download and delete', () => {
  test.each(fakeVersions)('%s: downloads a backup', async (version) => {
    const fake = startFake({ version, state: { remote: [{ name: '-b1' }] } });
    expect(await fake.client.download('-b1')).toEqual({ kind: 'success' });
    expect(fake.state().local).toMatchObject([{ name: '-b1' }]);
    const reason = "'b2' is not found on remote storage";
    expect(await fake.client.download('b2')).toEqual({ kind: 'error', reason, code: 'not-found' });
  });

  test.each(fakeVersions)('%s: deletes a backup', async (version) => {
    const fake = startFake({
      version,
      state: { remote: [{ name: 'b1' }, { name: 'b2', required: 'b1' }], local: [{ name: 'b1' }] },
    });
    expect(await fake.client.delete('local', 'b1')).toEqual({ kind: 'deleted' });
    expect(await fake.client.delete('local', 'b1')).toEqual({
      kind: 'not-found',
      reason: "'b1' is not found on local storage",
    });
    const base = await fake.client.delete('remote', 'b1');
    expect(base.kind).toBe(version === '2.8.1' ? 'error' : 'deleted');
    expect(fake.state().remote).toHaveLength(version === '2.8.1' ? 2 : 1);
  });

  test.each(['2.4.0', '2.6.30'] as const)('%s: reads recorded errors', async (version) => {
    const { client } = startFake({ version });
    expect(await client.delete('remote', 'NOPE')).toEqual({
      kind: 'not-found',
      reason: "'NOPE' is not found on remote storage",
    });
  });

  test('2.8.1: reads the recorded refusal', async () => {
    const outcome = await startFake().client.delete('remote', 'CLI_1');
    expect(outcome).toMatchObject({
      kind: 'error',
      reason: expect.stringMatching(
        /^'CLI_1' is required by remote backup\(s\) CLI_2, .*--force`$/,
      ) as string,
    });
  });
});

describe('busy', () => {
  const busy = (times: number) => ({ local: [{ name: 'b1' }], busy: { command: 'upload', times } });

  test.each(['2.6.30', '2.8.1'] as const)(
    '%s: waits until the other command has ended',
    async (version) => {
      const clock = new VirtualClock();
      const fake = startFake({ version, clock, waitMs: 60_000, state: busy(3) });
      expect(await fake.client.delete('local', 'b1')).toEqual({ kind: 'deleted' });
      expect(fake.wait.remainingMs()).toBe(60_000 - 300);
      const events = fake.observed.filter(([name]) => name !== 'requested').map(([name]) => name);
      expect(events.filter((name) => name !== 'working')).toEqual([
        ...Array<string[]>(3).fill(['busy', 'stillBusy']).flat(),
        'free',
        'answered',
      ]);
      const action = { command: 'upload', start: '2026-11-22T13:00:00Z' };
      expect(fake.observed).toContainEqual(['busy', action]);
    },
  );

  test('gives up and names the running command when the wait is used up', async () => {
    const fake = startFake({ clock: new VirtualClock(), waitMs: 250, state: busy(99) });
    await expect(fake.client.delete('local', 'b1')).rejects.toMatchObject({
      name: 'BusyError',
      message: expect.stringContaining('`upload` command is already running 2026-11-22') as string,
    });
    expect(fake.wait.remainingMs()).toBe(0);
    expect(fake.calls().filter(({ args }) => args[0] === 'delete')).toHaveLength(4);
  });
});
