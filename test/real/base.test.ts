import { expect } from 'vitest';
import { makeChain, makeFull } from './make-chain.js';
import { onEachServer } from './on-each-server.js';

onEachServer('the base of a diff', (test) => {
  test('its rows are restored with the diff', async ({ stack }) => {
    const { api, clickhouse } = stack;
    await makeChain(stack);
    await clickhouse.query('DROP DATABASE shop');
    for (const { name } of await api.list('local')) await api.deleteLocal(name);
    await api.act(`restore_remote ${stack.lastBackup()}`);
    expect(await clickhouse.countRows('shop.orders')).toBe(3000);
    expect(await clickhouse.query('SELECT count(DISTINCT id) FROM shop.orders')).toBe('3000');
  });

  test('no row is lost if it was deleted from the server', async ({ stack }) => {
    const { api, clickhouse } = stack;
    const full = await makeFull(stack);
    await api.deleteLocal(full);
    // The part of the refilled table has the old part's name, and old servers compare only names.
    await clickhouse.query('DROP TABLE shop.orders');
    await clickhouse.createTable('shop.orders');
    await clickhouse.insertRows('shop.orders', 5000, 1000);

    const { exitCode, stderr } = await stack.run('create-diff');
    expect(exitCode).toBe(0);
    const diff = stack.lastBackup() ?? '';
    const required = (await api.remoteBases())[diff];
    const warned = stderr.includes('this backup is uploaded in full');
    expect({ required, warned }).toEqual(
      api.comparesChecksums ? { required: full, warned: false } : { required: '', warned: true },
    );

    await clickhouse.query('DROP DATABASE shop');
    await api.deleteLocal(diff);
    await api.act(`restore_remote ${diff}`);
    expect(await clickhouse.query('SELECT min(id), count() FROM shop.orders')).toBe('5000\t1000');
  });

  test('the upload is full if it was deleted from the storage', async ({ stack }) => {
    const { api, storage } = stack;
    const other = await makeFull(stack);
    await stack.run('create-full');
    const full = stack.lastBackup() ?? '';
    storage.remove(`shard1/${full}`);

    const { exitCode, stderr } = await stack.run('create-diff');
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      `${full} is not on the remote storage; this backup is uploaded in full`,
    );
    expect(await api.remoteBases()).toEqual({ [other]: '', [stack.lastBackup() ?? '']: '' });
  });
});
