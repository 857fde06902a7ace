import { expect } from 'vitest';
import { waitForRows } from './cluster.js';
import { onEachCluster } from './on-each-server.js';

onEachCluster('the restore of a cluster', (test) => {
  test('all replicas of a shard are lost: definitions on each, then the rows on the first', async ({
    cluster,
  }) => {
    const { a1, a2 } = cluster;
    await cluster.createTables();
    await cluster.insertRows(0, 1000);
    await a1.clickhouse.insertRows('shop.visits', 0, 5);
    const full = await cluster.create('create-full');
    await cluster.insertRows(1000, 1000);
    const diff = await cluster.create('create-diff');
    expect([full.exitCode, diff.exitCode]).toEqual([0, 0]);
    const backup = diff.shards[0]?.backup ?? '';
    for (const { api, clickhouse } of [a1, a2]) {
      for (const { name } of await api.list('local')) await api.deleteLocal(name);
      await clickhouse.query('DROP DATABASE shop');
    }

    // docs/restore.md, "Replicated tables"
    for (const { api } of [a1, a2]) {
      await api.act(`restore_remote --rm --schema ${backup}`);
      await api.act(`delete local ${backup}`);
    }
    await a1.api.act(`restore_remote --rm ${backup}`);

    expect(await a1.clickhouse.countRows('shop.orders')).toBe(2000);
    await waitForRows(a2, 2000);
    expect(await a1.clickhouse.countRows('shop.visits')).toBe(5);
    expect(await a2.clickhouse.countRows('shop.visits')).toBe(0);
    const next = await cluster.create('create-diff');
    expect(next.shards[0]).toMatchObject({ exitCode: 0 });
  });
});
