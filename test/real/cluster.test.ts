import { expect } from 'vitest';
import {
  type Cluster,
  type Created,
  type CreatedOnShard,
  type Replica,
  shards,
} from './cluster.js';
import { onEachCluster } from './on-each-server.js';

/** Creates the tables and a full of both shards; returns the names. */
async function makeFulls(cluster: Cluster): Promise<{ a: string; b: string }> {
  await cluster.createTables();
  await cluster.a1.clickhouse.insertRows('shop.visits', 0, 1000);
  await cluster.a2.clickhouse.insertRows('shop.visits', 0, 7);
  await cluster.insertRows(0, 1000);
  const created = await cluster.create('create-full');
  expect(created).toMatchObject({ exitCode: 0, shards: [{ kind: 'full' }, { kind: 'full' }] });
  const [a, b] = both(created);
  expect([a.host, b.host]).toEqual([cluster.a1.host, cluster.b1.host]);
  return { a: a.backup ?? '', b: b.backup ?? '' };
}

function both({ shards: [a, b] }: Created): [CreatedOnShard, CreatedOnShard] {
  if (a === undefined || b === undefined) throw new Error('there are not two shards');
  return [a, b];
}

/** Restores a backup on a replica that has no copy of it; returns the rows of `shop.orders`. */
async function restoreOn({ api, clickhouse }: Replica, siblings: Replica[], backup: string) {
  for (const { name } of await api.list('local')) await api.deleteLocal(name);
  for (const replica of [...siblings.map((each) => each.clickhouse), clickhouse]) {
    await replica.query('DROP DATABASE shop');
  }
  await api.act(`restore_remote ${backup}`);
  const count = 'SELECT count(), count(DISTINCT id) FROM shop.orders';
  return (await clickhouse.query(count)).split('\t').map(Number);
}

/** Checks a create-diff that shard a made on its second replica. */
async function expectFallback(cluster: Cluster, created: Created, fulls: { a: string; b: string }) {
  const { a1, a2, b1 } = cluster;
  const [a, b] = both(created);
  const usesBase = a2.api.comparesChecksums;
  expect(created.exitCode).toBe(0);
  expect(created.stderr).toContain(`using the replica ${a2.host}: `);
  expect(created.stderr).toContain(a1.host);
  expect(created.stderr).toContain(
    `the rows that ${a2.host} has of tables that are not replicated: shop.visits`,
  );
  expect(created.stderr.includes('this backup is uploaded in full')).toBe(!usesBase);
  const base = usesBase ? fulls.a : null;
  expect(a).toMatchObject({ host: a2.host, base, notReplicated: ['shop.visits'] });
  expect(b).toMatchObject({ host: b1.host, base: fulls.b, notReplicated: [] });
  expect(await a2.api.remoteBases()).toEqual({ [fulls.a]: '', [a.backup ?? '']: base ?? '' });
  expect(await b1.api.remoteBases()).toEqual({ [fulls.b]: '', [b.backup ?? '']: fulls.b });
  return { a: a.backup ?? '', b: b.backup ?? '' };
}

onEachCluster('a cluster of two shards and two replicas', (test) => {
  test('a host becomes a shard, and the order of the replicas changes: the base stays', async ({
    cluster,
  }) => {
    const { a1, a2, b1, b2 } = cluster;
    await cluster.createTables();
    await cluster.insertRows(0, 1000);
    const single = await cluster.start('create-full', a1.host).result;
    expect(single.exitCode).toBe(0);
    const full = cluster.files(a1).lastBackup() ?? '';

    await cluster.insertRows(1000, 1000);
    const first = await cluster.create('create-diff');
    const [firstA, firstB] = both(first);
    expect(first.exitCode).toBe(0);
    expect(firstA).toMatchObject({ host: a1.host, kind: 'increment', base: full });
    expect(firstB).toMatchObject({ host: b1.host, kind: 'full', base: null });

    await cluster.insertRows(2000, 1000);
    const swapped = await cluster.create('create-diff', shards([a2, a1], [b2, b1]));
    const [a, b] = both(swapped);
    expect(swapped.exitCode).toBe(0);
    expect(swapped.stderr).not.toContain('WARN');
    expect(a).toMatchObject({ host: a1.host, base: firstA.backup });
    expect(b).toMatchObject({ host: b1.host, base: firstB.backup });
    expect(await a1.api.remoteBases()).toEqual({
      [full]: '',
      [firstA.backup ?? '']: full,
      [a.backup ?? '']: firstA.backup,
    });
    expect(await restoreOn(b2, [b1], b.backup ?? '')).toEqual([3000, 3000]);
  });

  test('an API server is down: its fallback replica continues the chain', async ({ cluster }) => {
    const { a1, a2 } = cluster;
    const fulls = await makeFulls(cluster);
    await a1.api.kill();
    await cluster.insertRows(1000, 1000);
    const diffs = await expectFallback(cluster, await cluster.create('create-diff'), fulls);

    await a1.api.start();
    await cluster.insertRows(2000, 1000);
    const next = await cluster.create('create-diff');
    expect(next.exitCode).toBe(0);
    expect(next.stderr).not.toContain('using the replica');
    const [a] = both(next);
    expect(a).toMatchObject({ host: a2.host, base: diffs.a, notReplicated: ['shop.visits'] });
    expect(await restoreOn(a2, [a1], a.backup ?? '')).toEqual([3000, 3000]);
    expect(await a2.clickhouse.countRows('shop.visits')).toBe(7);
  });

  test('ClickHouse hangs behind an API server: the fallback replica continues the chain', async ({
    cluster,
  }) => {
    const { a1, a2 } = cluster;
    const fulls = await makeFulls(cluster);
    await cluster.insertRows(1000, 1000);
    a1.clickhouse.process.signal('SIGSTOP');
    const created = await cluster.create('create-diff');
    a1.clickhouse.process.signal('SIGCONT');
    const diffs = await expectFallback(cluster, created, fulls);
    expect(await restoreOn(a2, [a1], diffs.a)).toEqual([2000, 2000]);
  });

  test('ClickHouse is down behind an API server: the fallback replica continues the chain', async ({
    cluster,
  }) => {
    const { a1, a2 } = cluster;
    const fulls = await makeFulls(cluster);
    await cluster.insertRows(1000, 1000);
    // An orderly end closes the session with ZooKeeper, so that the replica can start again.
    await a1.clickhouse.process.kill('SIGTERM');
    const diffs = await expectFallback(cluster, await cluster.create('create-diff'), fulls);
    // clickhouse-backup does not attach rows that it expects from another replica of the table.
    await a1.clickhouse.restart();
    expect(await restoreOn(a2, [a1], diffs.a)).toEqual([2000, 2000]);
  });

  test('a shard is down: exit 3, the other is backed up; later, only what failed is done again', async ({
    cluster,
  }) => {
    const { a1, a2, b1, b2 } = cluster;
    const fulls = await makeFulls(cluster);
    const fullsEndMs = Date.now();
    await a1.shutDown();
    await a2.shutDown();
    const created = await cluster.create('create-diff');
    const [a, b] = both(created);
    expect(created.exitCode).toBe(3);
    expect(created.stderr).toContain(
      `1 of 2 shards is backed up; failed: ${a1.host}|${a2.host} (unreachable, exit 13)`,
    );
    expect(a).toMatchObject({ exitCode: 13, error: expect.stringContaining('no replica can be') });
    expect(b).toMatchObject({ exitCode: 0, host: b1.host, base: fulls.b });
    expect(cluster.files(a1).lastBackup()).toBe(fulls.a);
    expect(cluster.files(b1).lastBackup()).toBe(b.backup);
    expect(await b2.api.remoteBases()).toEqual({ [fulls.b]: '', [b.backup ?? '']: fulls.b });

    const list = await cluster.start('list').result;
    expect(list.exitCode).toBe(3);
    expect(list.stdout).toContain(`${shards([b1, b2])}\n`);
    expect(list.stdout).toContain(b.backup);
    expect(list.stdout).not.toContain(a1.host);

    await a1.startAgain();
    await a2.startAgain();
    // The FULLs are older than that, and the DIFF of the other shard is not.
    const age = `${Date.now() - fullsEndMs}ms`;
    const again = await cluster.create('create-diff', undefined, '--if-older-than', age);
    const [againA, againB] = both(again);
    expect(again.exitCode).toBe(0);
    expect(againA).toMatchObject({ skipped: false, host: a1.host, base: fulls.a });
    expect(againB).toMatchObject({ skipped: true, backup: b.backup });
    expect(await a1.api.remoteBases()).toEqual({ [fulls.a]: '', [againA.backup ?? '']: fulls.a });
    expect(await b1.api.remoteBases()).toEqual({ [fulls.b]: '', [b.backup ?? '']: fulls.b });
  });

  test('a run is killed during its upload, and its API server later: recovered by the fallback replica', async ({
    cluster,
  }) => {
    const { a1, a2, b1, storage } = cluster;
    const fulls = await makeFulls(cluster);
    await cluster.insertRows(1000, 200_000);
    await storage.throttle(1000);
    const run = cluster.start('create-diff');
    const { backup } = await cluster.files(a1).waitForPhase('upload');
    const onB = await cluster.files(b1).waitForPhase('upload');
    await storage.waitForFile(`a/${backup}/`);
    await storage.waitForFile(`b/${onB.backup}/`);
    run.kill('SIGKILL');
    await run.result;
    expect(cluster.files(a1).journal()).toMatchObject({ backup, base: fulls.a, phase: 'upload' });
    await a1.api.waitForSuccess(`upload --diff-from="${fulls.a}" ${backup}`);
    await a1.api.kill();

    const next = await cluster.create('create-diff');
    const [a, b] = both(next);
    expect(next.exitCode).toBe(0);
    const recovered = `${backup} of the previous run is complete`;
    const isRecorded = next.stderr.includes(`"backup ${recovered}, and has now been verified`);
    expect(isRecorded).toBe(a2.api.showsTables);
    const isOpen = next.stderr.includes(`backup ${recovered}: the replica ${a1.host}, which was`);
    expect(isOpen).toBe(!a2.api.showsTables);
    expect(cluster.files(a1).journal()).toBeUndefined();
    const base = a2.api.showsTables ? backup : null;
    expect(a).toMatchObject({ exitCode: 0, host: a2.host, base });
    expect(b).toMatchObject({ exitCode: 0, host: b1.host, base: onB.backup });
    expect(await a2.api.remoteBases()).toEqual({
      [fulls.a]: '',
      [backup]: fulls.a,
      [a.backup ?? '']: base ?? '',
    });
    expect(await restoreOn(a2, [a1], a.backup ?? '')).toEqual([201_000, 201_000]);
  });
});
