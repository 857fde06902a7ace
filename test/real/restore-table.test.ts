import { expect } from 'vitest';
import { makeChain } from './make-chain.js';
import { onEachServer } from './on-each-server.js';
import type { Stack } from './stack.js';

const summary = 'SELECT count(), min(id), max(id), sum(value) FROM shop.orders';

/** Creates a full and two diffs with three thousand rows; returns the result of `summary`. */
async function makeBackups(stack: Stack): Promise<string> {
  await makeChain(stack);
  return stack.clickhouse.query(summary);
}

onEachServer('restore-table', (test) => {
  test('restores data into an empty table', async ({ stack }) => {
    const { clickhouse } = stack;
    const before = await makeBackups(stack);
    const refused = await stack.run('restore-table latest shop.orders');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('its rows would be duplicated');
    expect(await clickhouse.query(summary)).toBe(before);

    await clickhouse.query('TRUNCATE TABLE shop.orders');
    const { exitCode } = await stack.run('restore-table latest shop.orders');
    expect(exitCode).toBe(0);
    expect(await clickhouse.query(summary)).toBe(before);

    const appended = await stack.run('restore-table latest shop.orders', '--append');
    expect(appended.exitCode).toBe(0);
    expect(await clickhouse.countRows('shop.orders')).toBe(6000);
  });

  test('restores a missing table from a backup that is only on the storage', async ({ stack }) => {
    const { api, clickhouse } = stack;
    const before = await makeBackups(stack);
    await clickhouse.createTable('shop.customers');
    await clickhouse.insertRows('shop.customers', 0, 10);
    await clickhouse.query('DROP TABLE shop.orders');
    for (const { name } of await api.list('local')) await api.deleteLocal(name);

    const missing = await stack.run('restore-table latest shop.orders');
    expect(missing.exitCode).toBe(10);
    expect(missing.stderr).toContain('--schema');

    const { exitCode, stdout } = await stack.run('restore-table latest shop.orders', '--schema');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('from the remote storage');
    expect(await clickhouse.query(summary)).toBe(before);
    expect(await clickhouse.countRows('shop.customers')).toBe(10);
  });

  test('--schema drops only this table, and only with --yes', async ({ stack }) => {
    const { clickhouse } = stack;
    const before = await makeBackups(stack);
    await clickhouse.createTable('shop.customers');
    await clickhouse.insertRows('shop.customers', 0, 10);
    await clickhouse.insertRows('shop.orders', 9000, 5);

    const unsaid = await stack.run('restore-table latest shop.orders', '--schema');
    expect(unsaid.exitCode).toBe(2);
    expect(await clickhouse.countRows('shop.orders')).toBe(3005);
    const { exitCode } = await stack.run(
      'restore-table latest shop.orders',
      ...['--schema', '--rm', '--yes'],
    );
    expect(exitCode).toBe(0);
    expect(await clickhouse.query(summary)).toBe(before);
    expect(await clickhouse.countRows('shop.customers')).toBe(10);
  });

  test('--into restores to another database, next to the original', async ({ stack }) => {
    const { clickhouse } = stack;
    const before = await makeBackups(stack);
    const { exitCode } = await stack.run(
      'restore-table latest shop.orders',
      ...['--into', 'old_shop.orders'],
    );
    expect(exitCode).toBe(0);
    expect(await clickhouse.query(summary)).toBe(before);
    expect(await clickhouse.query(summary.replace('shop', 'old_shop'))).toBe(before);
  });

  test('--into restores under another name, if the server supports it', async ({ stack }) => {
    const { api, clickhouse } = stack;
    const before = await makeBackups(stack);
    const { exitCode, stderr } = await stack.run(
      'restore-table latest shop.orders',
      ...['--into', 'shop.old_orders'],
    );
    if (api.mapsTables) {
      expect(exitCode).toBe(0);
      expect(await clickhouse.query(summary.replace('orders', 'old_orders'))).toBe(before);
    } else {
      expect(exitCode).toBe(2);
      expect(stderr).toContain('cannot restore under another ');
    }
    expect(await clickhouse.query(summary)).toBe(before);
  });

  test('a backup or table that does not exist: exit 10', async ({ stack }) => {
    await makeBackups(stack);
    const backup = await stack.run('restore-table NO_SUCH_BACKUP shop.orders');
    expect(backup.exitCode).toBe(10);
    const table = await stack.run('restore-table latest shop.nothing', '--schema');
    expect(table.exitCode).toBe(10);
    expect(table.stderr).toContain('contains no table shop.nothing');
  });

  test('the binary restores the same as the API', async ({ stack }) => {
    const { clickhouse } = stack;
    const before = await makeBackups(stack);
    await clickhouse.query('TRUNCATE TABLE shop.orders');
    const { exitCode } = await stack.runBinary(`restore-table ${stack.lastBackup()} shop.orders`);
    expect(exitCode).toBe(0);
    expect(await clickhouse.query(summary)).toBe(before);
  });
});
