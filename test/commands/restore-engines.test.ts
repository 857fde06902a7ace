import { describe, expect } from 'vitest';
import { table } from '../simulator/clickhouse-tables.js';
import { type Harness, test, versions } from '../support/harness.js';
import { addShopBackup, restoresAsked } from '../support/shop.js';
import { CapturedStream, typedInput } from '../support/streams.js';
import { full1 } from '../support/weeks.js';

/** Opens a server with a backup of tables of every kind; those that can have rows have 1,000. */
async function openShop(opening: Promise<Harness>): Promise<Harness> {
  const harness = await opening;
  const { tables } = harness.simulator;
  tables.set('shop.lines', table('Log'));
  tables.set('shop.cache', table('Memory'));
  tables.set('shop.odd', table('FancyNewEngine'));
  tables.set('shop.v', table('View', 0));
  tables.set('shop.everywhere', table('Distributed', 0));
  tables.set('shop.mv', table('MaterializedView', 0));
  tables.set('shop..inner.mv', table('MergeTree'));
  tables.set('shop.mlog', table('MaterializedView', 0));
  tables.set('shop..inner.mlog', table('Log'));
  tables.set('shop.target', table('MergeTree'));
  tables.set('shop.to', { ...table('MaterializedView', 0), to: 'shop.target' });
  addShopBackup(harness, 'local', 'remote');
  return harness;
}

function restore(harness: Harness, name: string, ...more: string[]) {
  const argv = ['restore-table', full1, name, harness.host, 'rlAPIuser', harness.password];
  return harness.startRaw([...argv, ...more]).done;
}

const rowsOf = (harness: Harness, name: string) => harness.simulator.tables.get(name)?.rows;

describe.each(versions)('with a server %s', (version) => {
  describe.each([
    ['shop.lines', 'Log'],
    ['shop.cache', 'Memory'],
    ['shop.odd', 'FancyNewEngine'],
    ['shop..inner.mlog', 'Log'],
  ])('%s, whose rows no backup contains', (name, engine) => {
    test('is not dropped with --schema', async ({ harnessOf }) => {
      const harness = await openShop(harnessOf({ version }));
      for (const more of [['--yes'], ['--rm', '--yes'], []]) {
        const { code, stdout, stderr } = await restore(harness, name, '--schema', ...more);
        expect(code).toBe(1);
        expect(stdout).toBe('');
        expect(stderr).toContain(
          `table ${name} was not dropped, because no backup contains its rows: clickhouse-backup does not save rows of the engine ${engine}`,
        );
        expect(stderr).toMatch(/\(.*--into; .*--drop-unsaved-rows\)/);
      }
      expect(rowsOf(harness, name)).toBe(1000);
      expect(restoresAsked(harness)).toEqual([]);
    });

    test('exits with 1 before any request, because there are no rows to restore', async ({
      harnessOf,
    }) => {
      const harness = await openShop(harnessOf({ version }));
      for (const more of [[], ['--append']]) {
        const { code, stderr } = await restore(harness, name, ...more);
        expect(code).toBe(1);
        expect(stderr).toContain(`there are no rows to restore into table ${name}`);
        expect(stderr).not.toContain('--no-check-replicas');
      }
      expect(restoresAsked(harness)).toEqual([]);
    });

    test('is dropped with --drop-unsaved-rows, as the plan and the result say', async ({
      harnessOf,
    }) => {
      const harness = await openShop(harnessOf({ version }));
      const more = ['--schema', '--drop-unsaved-rows', '--yes'];
      const { code, stdout, stderr } = await restore(harness, name, ...more);
      expect(code).toBe(0);
      expect(stdout).toContain(`drop     ${name} and its rows, which no backup contains\n`);
      expect(stderr).toContain(
        `the definition of table ${name} (${engine}) is restored from backup ${full1}; clickhouse-backup does not save its rows`,
      );
      expect(rowsOf(harness, name)).toBe(0);
    });

    test('is created from its definition if it does not exist', async ({ harnessOf }) => {
      const harness = await openShop(harnessOf({ version }));
      harness.simulator.tables.delete(name);
      const { code, stdout } = await restore(harness, name, '--schema', '--json');
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ restored: true, definitionOnly: true });
      expect(harness.simulator.tables.get(name)).toMatchObject({ engine, rows: 0 });
    });
  });

  test('says in the question that the rows will be lost', async ({ harnessOf }) => {
    const harness = await openShop(harnessOf({ version }));
    const stderr = new CapturedStream(true);
    harness.environment = { stdin: typedInput('no\n'), stderr };
    const { code } = await restore(harness, 'shop.lines', '--schema', '--drop-unsaved-rows');
    expect(code).toBe(1);
    expect(stderr.text).toContain(
      `Drop table shop.lines on ${harness.host} and its rows, which no backup contains?`,
    );
    expect(rowsOf(harness, 'shop.lines')).toBe(1000);
  });

  describe.each(['shop.v', 'shop.everywhere', 'shop.to'])('%s has no rows of its own', (name) => {
    test('restores only its definition', async ({ harnessOf }) => {
      const harness = await openShop(harnessOf({ version }));
      const { code, stderr } = await restore(harness, name, '--schema', '--yes');
      expect(code).toBe(0);
      expect(stderr).toMatch(/the definition of table shop\.\w+ \(\w+\) is restored/);
      harness.simulator.tables.delete(name);
      expect((await restore(harness, name, '--schema')).code).toBe(0);
      expect(harness.simulator.tables.has(name)).toBe(true);
      expect(rowsOf(harness, 'shop.target')).toBe(1000);
    });

    test('exits with 0 without --schema, because there is nothing to restore', async ({
      harnessOf,
    }) => {
      const harness = await openShop(harnessOf({ version }));
      const { code, stderr } = await restore(harness, name);
      expect(code).toBe(0);
      expect(stderr).toContain(`nothing to restore into table ${name}`);
      const json = await restore(harness, name, '--json');
      expect(JSON.parse(json.stdout)).toMatchObject({ restored: false, definitionOnly: true });
      expect(rowsOf(harness, 'shop.target')).toBe(1000);
    });
  });

  test('names the table that a materialized view writes to', async ({ harnessOf }) => {
    const harness = await openShop(harnessOf({ version }));
    const { stderr } = await restore(harness, 'shop.to', '--schema', '--yes');
    expect(stderr).toContain('; its rows are in table shop.target');
  });

  describe('a materialized view with an inner table', () => {
    test('is refused if it has rows, because they would be duplicated', async ({ harnessOf }) => {
      const harness = await openShop(harnessOf({ version }));
      const { code, stderr } = await restore(harness, 'shop.mv');
      expect(code).toBe(1);
      expect(stderr).toContain(
        'shop.mv already contains data (78.1 KiB), and its rows would be duplicated',
      );
      expect(rowsOf(harness, 'shop..inner.mv')).toBe(1000);
      expect(restoresAsked(harness)).toEqual([]);
    });

    test('gets its rows back once if it is empty', async ({ harnessOf }) => {
      const harness = await openShop(harnessOf({ version }));
      harness.simulator.tables.set('shop..inner.mv', table('MergeTree', 0));
      const { code, stderr } = await restore(harness, 'shop.mv');
      expect(code).toBe(0);
      expect(stderr).toContain(
        `table shop.mv is restored from backup ${full1}; it contains 78.1 KiB`,
      );
      expect(rowsOf(harness, 'shop..inner.mv')).toBe(1000);
    });

    test('is not dropped if the rows of the inner table are not saved', async ({ harnessOf }) => {
      const harness = await openShop(harnessOf({ version }));
      const { code, stderr } = await restore(harness, 'shop.mlog', '--schema', '--yes');
      expect(code).toBe(1);
      expect(stderr).toContain('table shop.mlog was not dropped');
      expect(rowsOf(harness, 'shop..inner.mlog')).toBe(1000);
    });

    test('can be restored by the name of the inner table', async ({ harnessOf }) => {
      const harness = await openShop(harnessOf({ version }));
      const full = await restore(harness, 'shop..inner.mv');
      expect(full.code).toBe(1);
      expect(full.stderr).toContain('shop..inner.mv already contains data');
      harness.simulator.tables.set('shop..inner.mv', table('MergeTree', 0));
      expect((await restore(harness, 'shop..inner.mv')).code).toBe(0);
      expect(rowsOf(harness, 'shop..inner.mv')).toBe(1000);
    });
  });

  test('exits with 1 if a table with rows is a Log table in the backup', async ({ harnessOf }) => {
    const harness = await openShop(harnessOf({ version }));
    harness.simulator.tables.set('shop.lines', table('MergeTree'));
    const { code, stderr } = await restore(harness, 'shop.lines', '--schema', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain('table shop.lines was dropped with its rows');
  });

  test('does not drop a Distributed table with unsent rows', async ({ harnessOf }) => {
    const harness = await openShop(harnessOf({ version }));
    harness.simulator.tables.set('shop.everywhere', { ...table('Distributed'), totalBytes: 9 });
    const { code, stderr } = await restore(harness, 'shop.everywhere', '--schema', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain('table shop.everywhere was not dropped');
    expect(rowsOf(harness, 'shop.everywhere')).toBe(1000);
  });

  test('does not drop a table whose engine changes meanwhile to one whose rows are not saved', async ({
    harnessOf,
  }) => {
    const harness = await openShop(harnessOf({ version, workMs: { download: 60_000 } }));
    harness.simulator.local.clear();
    harness.later(30_000, () => harness.simulator.tables.set('shop.orders', table('Log')));
    const { code, stderr } = await restore(harness, 'shop.orders', '--schema', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain('table shop.orders was not dropped');
    expect(rowsOf(harness, 'shop.orders')).toBe(1000);
  });

  test('exits with 10 and a hint for a table that skip_tables excludes', async ({ harnessOf }) => {
    const harness = await openShop(harnessOf({ version }));
    harness.simulator.tables.set('shop.secret', { ...table('MergeTree', 0), skip: true });
    const { code, stderr } = await restore(harness, 'shop.secret');
    expect(code).toBe(10);
    expect(stderr).toContain(`backup ${full1} contains no table shop.secret: `);
    expect(stderr).toMatch(/\(check .*skip_tables and skip_table_engines/);
    if (version !== '2.4.0') expect(stderr).toContain('also check skip_tables');
  });

  test('requests only one table from a server with thousands', async ({ harnessOf }) => {
    const harness = await openShop(harnessOf({ version }));
    for (let n = 0; n < 3000; n++) harness.simulator.tables.set(`wide.t${n}`, table());
    harness.simulator.tables.set('shop.orders', table('MergeTree', 0));
    expect((await restore(harness, 'shop.orders')).code).toBe(0);
    const reads = harness.requests(/tables/).filter((line) => !line.includes('nosuch'));
    expect(new Set(reads)).toEqual(new Set(['GET /backup/tables/all?table=shop.orders']));
  });

  test('requests a name with special characters by a pattern and compares the result', async ({
    harnessOf,
  }) => {
    const harness = await openShop(harnessOf({ version }));
    harness.simulator.tables.set('shop.a+b', table('MergeTree', 0));
    harness.simulator.tables.set('shop.a-x-b', table('MergeTree', 5));
    harness.simulator.addBackup('local', { name: full1 });
    harness.simulator.insertRows('shop.a+b', 7);
    const { code, stderr } = await restore(harness, 'shop.a+b');
    expect(code).toBe(1);
    expect(stderr).toContain('shop.a+b already contains data (560 B)');
  });
});

describe('--drop-unsaved-rows', () => {
  test('exits with 2 without --schema', async ({ harness }) => {
    const { code, stderr } = await restore(harness, 'shop.orders', '--drop-unsaved-rows');
    expect(code).toBe(2);
    expect(stderr).toContain('--drop-unsaved-rows requires --schema');
    expect(harness.requests()).toEqual([]);
  });
});

describe('the note about tables whose rows no backup contains', () => {
  const named =
    'clickhouse-backup saves only the definitions, not the rows, of shop..inner.mlog (Log), shop.cache (Memory), shop.lines (Log), shop.odd (FancyNewEngine)';

  test('is printed once per run, in the log and with --verbose', async ({ harnessOf }) => {
    const harness = await openShop(harnessOf({}));
    const quiet = await harness.run('create-full');
    expect(quiet.code).toBe(0);
    expect(quiet.stderr).not.toContain('not the rows');
    expect(harness.log.split(`NOTE:\n${named}\n`)).toHaveLength(2);
    const verbose = await harness.run('create-diff', '--verbose');
    expect(verbose.code).toBe(0);
    expect(verbose.stderr.split(`[DEBUG] ${named}\n`)).toHaveLength(2);
    expect(harness.log.split(`NOTE:\n${named}\n`)).toHaveLength(3);
  });

  test('is not printed if all rows are saved', async ({ harness }) => {
    const { code, stderr } = await harness.run('create-full', '--verbose');
    expect(code).toBe(0);
    expect(stderr).not.toContain('definitions');
    expect(harness.log).not.toContain('NOTE');
  });

  test('does not prevent a backup if the tables cannot be read', async ({ harness }) => {
    harness.simulator.answerNext({ path: /^\/backup\/tables$/ }, { status: 500, body: 'no' });
    const { code, stderr } = await harness.run('create-full', '--verbose');
    expect(code).toBe(0);
    expect(stderr).toContain('could not check which tables have rows that no backup contains: ');
  });

  test('delays a backup by two minutes at most if the tables are never returned', async ({
    harness,
  }) => {
    harness.simulator.neverAnswer({ path: /^\/backup\/tables$/ });
    const startMs = harness.clock.elapsed();
    expect((await harness.run('create-full')).code).toBe(0);
    expect(harness.clock.elapsed() - startMs).toBeLessThan(125_000);
  });

  test('is skipped if the definitions exceed 8 MiB', async ({ networkHarness: harness }) => {
    const body = `{"Database":"d","Name":"t","CreateTableQuery":"${'x'.repeat(9 * 2 ** 20)}"}\n`;
    harness.simulator.answerNext({ path: /^\/backup\/tables$/ }, { status: 200, body });
    const { code, stderr } = await harness.run('create-full', '--verbose');
    expect(code).toBe(0);
    expect(stderr).toMatch(/could not check which .*larger than 8 MiB/);
  });

  test('names 20 tables and the number of the others', async ({ harness }) => {
    for (let n = 10; n < 40; n++) harness.simulator.tables.set(`shop.l${n}`, table('Log'));
    await harness.run('create-full');
    expect(harness.log).toMatch(/shop\.l10 \(Log\), .*shop\.l29 \(Log\) and 10 more\n/);
  });
});
