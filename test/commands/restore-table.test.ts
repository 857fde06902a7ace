import { describe, expect } from 'vitest';
import { beforeRequest } from '../support/before-request.js';
import { type Harness, test, versions } from '../support/harness.js';
import {
  addShopBackup,
  emptyOrders,
  orderBytes,
  orderRows,
  orders,
  restoresAsked,
} from '../support/shop.js';
import { CapturedStream, typedInput } from '../support/streams.js';
import { diff2, full1 } from '../support/weeks.js';

const table = 'shop.orders';
const data = `restore/${full1}?table=shop.orders&data=true`;
const definitionAndData = `restore/${full1}?table=shop.orders`;

/** `restore-table BACKUP TABLE HOST USER PASSWORD …` */
function restore(harness: Harness, backup: string, name: string, ...more: string[]) {
  const argv = ['restore-table', backup, name, harness.host, 'rlAPIuser', harness.password];
  return harness.startRaw([...argv, ...more]).done;
}

describe.each(versions)('with a server %s', (version) => {
  const open = async (harness: Promise<Harness>) => {
    addShopBackup(await harness, 'local', 'remote');
    emptyOrders(await harness);
    return harness;
  };

  test('restores the rows of one table once', async ({ harnessOf }) => {
    const harness = await open(harnessOf({ version }));
    const customers = { ...harness.simulator.tables.get('shop.customers') };
    const { code, stdout, stderr } = await restore(harness, full1, table);
    expect(code).toBe(0);
    expect(stdout).toBe(`attach   the data in ${full1} to shop.orders\n`);
    expect(stderr).toContain(
      `table shop.orders is restored from backup ${full1}; it contains 7.97 MiB`,
    );
    expect(orders(harness)).toMatchObject({ rows: orderRows, generation: 0 });
    expect(harness.simulator.tables.get('shop.customers')).toEqual(customers);
    expect(restoresAsked(harness)).toEqual([data]);
    expect(harness.log).toMatch(/##### started at [^]*"status": "success"[^]*##### finished at/);
  });

  test('refuses a table that contains data, because its rows would be duplicated', async ({
    harnessOf,
  }) => {
    const harness = await open(harnessOf({ version }));
    expect((await restore(harness, full1, table)).code).toBe(0);
    const { code, stderr } = await restore(harness, full1, table, '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain(`shop.orders already contains data (7.97 MiB)`);
    expect(stderr).toMatch(/--schema; .*--into; .*--append/);
    expect(orders(harness)?.rows).toBe(orderRows);
    expect(restoresAsked(harness)).toHaveLength(1);
  });

  test('adds the rows with --append', async ({ harnessOf }) => {
    const harness = await open(harnessOf({ version }));
    harness.simulator.insertRows(table, 11);
    const { code, stdout } = await restore(harness, full1, table, '--append');
    expect(code).toBe(0);
    expect(stdout).toContain('to shop.orders, in addition to its data (880 B)');
    expect(orders(harness)).toMatchObject({ rows: orderRows + 11, generation: 0 });
    expect(restoresAsked(harness)).toEqual([data]);
  });

  test('exits with 10 for a missing table without --schema and creates it with --schema', async ({
    harnessOf,
  }) => {
    const harness = await open(harnessOf({ version }));
    harness.simulator.tables.delete(table);
    const without = await restore(harness, full1, table, '--yes');
    expect(without.code).toBe(10);
    expect(without.stderr).toMatch(/table shop\.orders .*\(.* pass --schema/);
    expect(restoresAsked(harness)).toEqual([]);
    const created = await restore(harness, full1, table, '--schema');
    expect(created.code).toBe(0);
    expect(created.stdout).toBe(
      `create   shop.orders with the definition in ${full1}\n` +
        `attach   the data in ${full1} to shop.orders\n`,
    );
    expect(orders(harness)?.rows).toBe(orderRows);
    expect(restoresAsked(harness)).toEqual([definitionAndData]);
  });

  test('exits with 10 for a table that is not in the backup', async ({ harnessOf }) => {
    const harness = await open(harnessOf({ version }));
    harness.simulator.tables.set('shop.new', { ...orders(harness)! });
    const { code, stderr } = await restore(harness, full1, 'shop.new');
    expect(code).toBe(10);
    expect(stderr).toContain(`backup ${full1} contains no table shop.new: `);
    expect(stderr).toMatch(/\(check .*skip_tables and skip_table_engines/);
  });

  describe('a table is dropped only after a confirmation', () => {
    test('prints the plan and exits with 2 without a terminal and --yes', async ({ harnessOf }) => {
      const harness = await open(harnessOf({ version }));
      harness.simulator.insertRows(table, 5);
      for (const more of [['--schema'], ['--schema', '--rm']]) {
        const { code, stdout, stderr } = await restore(harness, full1, table, ...more);
        expect(code).toBe(2);
        expect(stdout).toMatch(/^drop {5}shop\.orders \(400 B\)\ncreate /);
        expect(stderr).toMatch(/nothing was dropped: cannot ask .*--yes/);
      }
      expect(orders(harness)).toMatchObject({ rows: 5, generation: 0 });
      expect(restoresAsked(harness)).toEqual([]);
    });

    test.for([
      { typed: 'yes\n', code: 0, rows: orderRows, generation: 1 },
      { typed: 'no\n', code: 1, rows: 5, generation: 0 },
      { typed: '\n', code: 1, rows: 5, generation: 0 },
    ])(
      'exits with $code and leaves $rows rows after a typed $typed',
      async ({ typed, code, ...left }, { harnessOf }) => {
        const harness = await open(harnessOf({ version }));
        harness.simulator.insertRows(table, 5);
        const stderr = new CapturedStream(true);
        harness.environment = { stdin: typedInput(typed), stderr };
        expect((await restore(harness, full1, table, '--schema')).code).toBe(code);
        expect(stderr.text).toContain(`Drop table shop.orders on ${harness.host} (400 B)? Type`);
        expect(orders(harness)).toMatchObject(left);
      },
    );

    test.for([['--yes'], ['--rm', '--yes']])(
      '--schema %j drops once, restores once and never sends rm',
      async (more, { harnessOf }) => {
        const harness = await open(harnessOf({ version }));
        harness.simulator.insertRows(table, 5);
        const { code } = await restore(harness, full1, table, '--schema', ...more);
        expect(code).toBe(0);
        expect(orders(harness)).toMatchObject({ rows: orderRows, generation: 1 });
        expect(restoresAsked(harness)).toEqual([definitionAndData]);
        expect(harness.simulator.tables.get('shop.customers')?.generation).toBe(0);
      },
    );
  });

  describe('a restore that succeeds without data', () => {
    test('leads to exit 1, with a hint about replicas', async ({ harnessOf }) => {
      const harness = await open(harnessOf({ version }));
      emptyOrders(harness, 'ReplicatedMergeTree');
      harness.simulator.replicaBusy(table);
      const { code, stderr } = await restore(harness, full1, table);
      expect(code).toBe(1);
      // 2.4.0 skips the table without an error, newer servers report one (clickhouse-backup-api.md#replica-check).
      expect(stderr).toMatch(
        version === '2.4.0'
          ? /the server reported success, but table shop\.orders is empty \(either .* contains no rows of it, or .*--no-check-replicas\)/
          : /the restore of table shop\.orders failed: .*system\.replicas.*pass --no-check-replicas/,
      );
      expect(orders(harness)?.rows).toBe(0);
    });

    test('leads to exit 1 too if the backup contains no rows of the table', async ({
      harnessOf,
    }) => {
      const harness = await open(harnessOf({ version }));
      harness.simulator.addBackup('local', { name: 'EMPTY' });
      const { code, stderr } = await restore(harness, 'EMPTY', table);
      expect(code).toBe(1);
      expect(stderr).toContain('either backup EMPTY contains no rows of it');
    });

    test('is accepted with --append if the action log row says success', async ({ harnessOf }) => {
      const harness = await open(harnessOf({ version }));
      harness.simulator.addBackup('local', { name: 'EMPTY' });
      harness.simulator.insertRows(table, 5);
      expect((await restore(harness, 'EMPTY', table, '--append')).code).toBe(0);
      harness.simulator.failNext('restore', 'code: 241, memory limit');
      const { code, stderr } = await restore(harness, full1, table, '--append');
      expect(code).toBe(1);
      expect(stderr).toContain('the restore of table shop.orders failed: code: 241, memory limit');
      expect(harness.log).toMatch(/RESTORE ERROR:\n.*241/);
    });
  });

  test('--no-check-replicas attaches if the server supports it and otherwise says what to do', async ({
    harnessOf,
  }) => {
    const harness = await open(harnessOf({ version }));
    emptyOrders(harness, 'ReplicatedMergeTree');
    harness.simulator.replicaBusy(table);
    const { code, stderr } = await restore(harness, full1, table, '--no-check-replicas');
    if (version === '2.4.0') {
      expect(code).toBe(2);
      expect(stderr).toContain('CLICKHOUSE_CHECK_REPLICAS_BEFORE_ATTACH=false');
      expect(stderr).toContain('--binary');
      expect(harness.requests(/^POST/)).toEqual([]);
    } else {
      expect(code).toBe(0);
      expect(orders(harness)?.rows).toBe(orderRows);
      const command = harness.simulator.actions.at(-1)?.command;
      expect(command).toBe(
        `restore --env=CLICKHOUSE_CHECK_REPLICAS_BEFORE_ATTACH=false --data --tables=shop.orders ${full1}`,
      );
    }
  });

  test('says what to configure if the server ignores --no-check-replicas', async ({
    harnessOf,
  }) => {
    const harness = await open(harnessOf({ version: '2.8.1' }));
    harness.simulator.failNext(
      'restore',
      "shop.orders can't restore cause system.replicas entries already exists",
    );
    const { code, stderr } = await restore(harness, full1, table, '--no-check-replicas');
    expect(code).toBe(1);
    expect(stderr).toContain('general.disable_environment_override');
    expect(stderr).toContain('clickhouse.check_replicas_before_attach: false');
  });

  test('waits after a 423 and exits with 11 after --wait', async ({ harnessOf }) => {
    const harness = await open(harnessOf({ version }));
    const busy = () => harness.simulator.busyWith('upload OTHERS', 300_000);
    beforeRequest(harness, /^POST/, busy);
    const { code, stderr } = await restore(harness, full1, table);
    expect(code).toBe(0);
    expect(stderr).toContain('waiting for `upload OTHERS`');
    expect(orders(harness)?.rows).toBe(orderRows);
    emptyOrders(harness);
    beforeRequest(harness, /^POST/, busy);
    expect((await restore(harness, full1, table, '--wait', '1m')).code).toBe(11);
    expect(orders(harness)?.rows).toBe(0);
  });

  test('does not send the request again if the response is lost', async ({ harnessOf }) => {
    const harness = await open(harnessOf({ version }));
    harness.simulator.loseNextAnswer({ path: /restore/ }, { done: true });
    expect((await restore(harness, full1, table)).code).toBe(0);
    expect(orders(harness)?.rows).toBe(orderRows);
    emptyOrders(harness);
    harness.simulator.loseNextAnswer({ path: /restore/ }, { done: false });
    const { code } = await restore(harness, full1, table);
    expect(code).toBe(1);
    expect(restoresAsked(harness)).toHaveLength(2);
  });
});

test('checks the table again before it drops the table', async ({ harness }) => {
  addShopBackup(harness, 'local', 'remote');
  emptyOrders(harness);
  const more = () => harness.simulator.insertRows(table, 7);
  beforeRequest(harness, /tables\/all/, more, 2);
  const { code, stderr } = await restore(harness, full1, table, '--schema', '--yes');
  expect(code).toBe(1);
  expect(stderr).toContain('shop.orders has changed since the plan was shown');
  expect(orders(harness)).toMatchObject({ rows: 7, generation: 0 });
});

test('restores a view, which has no rows of its own', async ({ harness }) => {
  emptyOrders(harness, 'View');
  addShopBackup(harness, 'local');
  const { code } = await restore(harness, full1, table, '--schema', '--yes');
  expect(code).toBe(0);
});

test('holds the lock of the host', async ({ harness }) => {
  addShopBackup(harness, 'local');
  emptyOrders(harness);
  const free = harness.holdLock(
    '{"command":"create-full","backup":"X","since":"2026-11-22 09:00"}',
  );
  const refused = await restore(harness, full1, table, '--wait', '1m');
  expect(refused.code).toBe(11);
  expect(refused.stderr).toContain('create-full (X) since 2026-11-22 09:00');
  expect(harness.requests(/^POST/)).toEqual([]);
  free();
  let holder: unknown;
  beforeRequest(harness, /^POST/, () => {
    holder = harness.start('create-diff', '--wait', '0').done;
  });
  expect((await restore(harness, full1, table)).code).toBe(0);
  expect(await holder).toMatchObject({
    code: 11,
    stderr: expect.stringContaining(`restore-table (${full1}) since`) as string,
  });
});

test('prints one object with --json on success and on failure', async ({ harness }) => {
  addShopBackup(harness, 'local');
  emptyOrders(harness);
  const done = await restore(harness, full1, table, '--json');
  expect(done).toMatchObject({ code: 0, stderr: '' });
  const answer = {
    command: 'restore-table',
    host: harness.host,
    backup: full1,
    table,
    target: table,
    download: false,
    drop: false,
    create: false,
    restored: true,
    definitionOnly: false,
    bytesBefore: 0,
    bytesAfter: orderBytes,
  };
  expect(JSON.parse(done.stdout)).toEqual(answer);
  harness.environment = { stdin: typedInput('yes\n'), stderr: new CapturedStream(true) };
  const unconfirmed = await restore(harness, full1, table, '--schema', '--json');
  expect(unconfirmed.code).toBe(2);
  const plan = { drop: true, create: true, restored: false, bytesBefore: orderBytes };
  expect(JSON.parse(unconfirmed.stdout)).toEqual({
    ...answer,
    ...plan,
    definitionOnly: null,
    bytesAfter: null,
  });
});

describe('the name of a table or backup', () => {
  test.for([
    ...['shop.*', 'shop.order?', 'shop.[o]rders', 'shop.orders,shop.customers', '*', '*.*'],
    ...[
      'orders',
      'shop.',
      '.orders',
      '',
      'a.b.c',
      'shop.my.orders',
      ' shop.orders',
      'shop. orders',
    ],
    ...[
      "shop.or'ders",
      'shop."orders"',
      'shop.`orders`',
      'shop.a\\b',
      'shop.a\nb',
      'shop.a\u200Bb',
    ],
  ])('exits with 2 before any request for the table %j', async (name, { harness }) => {
    addShopBackup(harness, 'local');
    for (const more of [[], ['--schema', '--yes'], ['--no-check-replicas']]) {
      expect((await restore(harness, full1, name, ...more)).code).toBe(2);
    }
    const into = await restore(harness, full1, table, '--into', name);
    expect(into.code).toBe(2);
    expect(harness.requests()).toEqual([]);
    expect(harness.files).toEqual([]);
  });

  test.for([
    ...['shop.заказы', 'shop.a-b', 'my db'.replace(' ', '$') + '.t', 'shop.a+b', 'shop.100%'],
    ...['shop.a&b=c', 'shop.a#b', 'shop.$(x)', 'shop.{a}', 'shop.a^b', 'shop.a|b', 'shop.a:b'],
  ])('accepts the table %s unchanged', async (name, { harnessOf }) => {
    const twin = `${name}2`;
    const filled = { engine: 'MergeTree', rows: 3, totalBytes: 240, generation: 0 };
    const tables = new Map([name, twin].map((each) => [each, { ...filled }]));
    for (const more of [[], ['--no-check-replicas']]) {
      const harness = await harnessOf({ tables: new Map(tables) });
      harness.simulator.addBackup('local', { name: full1 });
      for (const each of [name, twin]) harness.simulator.refillTable(each, 0);
      expect((await restore(harness, full1, name, ...more)).code).toBe(0);
      expect(harness.simulator.tables.get(name)?.rows).toBe(3);
      expect(harness.simulator.tables.get(twin)?.rows).toBe(0);
    }
  });

  test.for(["it's", 'a"b', '#1', 'a;b', '$HOME', 'x(y)'])(
    'sends a backup named %s as one word of the command line',
    async (name, { harness }) => {
      harness.simulator.addBackup('local', { name });
      emptyOrders(harness);
      const { code, stderr } = await restore(harness, name, table, '--no-check-replicas');
      expect(stderr).not.toContain('[ERROR]');
      expect(code).toBe(0);
      expect(orders(harness)?.rows).toBe(orderRows);
    },
  );
});

test.for([
  { more: ['--rm'], message: '--rm requires --schema' },
  { more: ['--append', '--schema'], message: 'choose one of them' },
  { more: ['--append', '--into', 'shop.o2'], message: 'choose one of them' },
  { more: ['--schema', '--into', 'shop.o2'], message: 'leave out --schema' },
  { more: ['--into', 'shop.orders'], message: '--into must be another table' },
  { more: ['--into', 'shop.o-2'], message: 'letters, digits and underscores' },
])('exits with 2 for $more', async ({ more, message }, { harness }) => {
  const { code, stderr } = await restore(harness, full1, table, ...more, '--yes');
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(harness.requests()).toEqual([]);
});

test('exits with 10 for a backup that does not exist', async ({ harness }) => {
  addShopBackup(harness, 'local', 'remote');
  emptyOrders(harness);
  const { code, stderr } = await restore(harness, diff2, table);
  expect(code).toBe(10);
  expect(stderr).toContain(`backup ${diff2} does not exist`);
  expect(restoresAsked(harness)).toEqual([]);
});
