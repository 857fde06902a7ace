import { expect } from 'vitest';
import { type Cluster, shards } from './cluster.js';
import { onEachCluster } from './on-each-server.js';

const abandoned = 'FULL_CH_BK_2026-01-03_20-30-00';

/** Starts an upload of shard a by its second replica, from another log directory: no lock shows it. */
async function startUpload(cluster: Cluster, rows: number, kilobytesPerSecond: number) {
  const { a2, storage } = cluster;
  await cluster.createTables();
  await cluster.insertRows(0, rows);
  await storage.throttle(kilobytesPerSecond);
  const run = cluster.start('create-full', a2.host, '--json', '--log-dir', cluster.otherLogDir);
  const { backup } = await cluster.files(a2, cluster.otherLogDir).waitForPhase('upload');
  await storage.waitForFile(`a/${backup}/`);
  return { run, backup };
}

onEachCluster('deletes in a cluster of two shards and two replicas', (test) => {
  test('delete-remote --broken waits for the upload of another replica, which ends well', async ({
    cluster,
  }) => {
    const { a1, a2, b1, storage } = cluster;
    storage.put(`b/${abandoned}/shadow/shop/orders/default_all.tar`);
    const { run, backup } = await startUpload(cluster, 400_000, 100);

    const broken = ['--broken', '--yes', '--json'];
    const refused = await cluster.runFast('delete-remote', undefined, ...broken, '--wait', '0s');
    expect(storage.list(`a/${backup}/metadata.json`)).toEqual([]);
    expect(refused.exitCode).toBe(3);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      complete: false,
      shards: [
        {
          shard: shards([a1, a2]),
          exitCode: 11,
          error: expect.stringMatching(`^${a2.host} is busy: .*upload.*${backup}`),
          plan: [{ name: backup, action: 'delete' }],
          deleted: [],
        },
        { exitCode: 0, deleted: [abandoned] },
      ],
    });
    expect(storage.list(`b/${abandoned}/`)).toEqual([]);

    const waited = await cluster.runFast('delete-remote', shards([a1, a2]), ...broken);
    expect(waited.exitCode).toBe(0);
    expect(waited.stderr).toContain(`waiting for \`upload ${backup}`);
    expect(JSON.parse(waited.stdout)).toMatchObject({ complete: true, shards: [{ deleted: [] }] });

    const { exitCode, stdout } = await run.result;
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ backup, kind: 'full' });
    expect(await a1.api.remoteBases()).toEqual({ [backup]: '' });
    expect(await b1.api.list('remote')).toEqual([]);
  });

  test('a replica that died in its upload is taken out, and its broken backup is deleted', async ({
    cluster,
  }) => {
    const { a1, a2, storage } = cluster;
    const { run, backup } = await startUpload(cluster, 200_000, 100);
    run.kill('SIGKILL');
    await run.result;
    await a2.stop();

    const broken = ['--broken', '--yes'];
    const refused = await cluster.runFast('delete-remote', shards([a1, a2]), ...broken);
    expect(refused.exitCode).toBe(13);
    expect(refused.stderr).toContain('--broken requires every replica of a shard');
    expect(storage.list(`a/${backup}/`)).not.toEqual([]);

    const deleted = await cluster.runFast('delete-remote', a1.host, ...broken);
    expect(deleted.exitCode).toBe(0);
    expect(storage.list(`a/${backup}/`)).toEqual([]);
    await storage.throttle(100_000);
    const full = await cluster.create('create-full', shards([a1], [cluster.b1, cluster.b2]));
    expect(full.exitCode).toBe(0);
  });
});
