import { describe, expect, onTestFinished } from 'vitest';
import { type ClusterHarness, test } from '../support/cluster-harness.js';
import { secret } from '../support/harness.js';
import { MetricsFiles, Receiver, receiverKinds } from '../support/monitors.js';

const hosts = 'ch-{1..3}{a|b}';

function monitor(cluster: ClusterHarness, url: string) {
  const receiver = new Receiver(cluster.clock);
  const files = new MetricsFiles();
  onTestFinished(() => files.remove());
  cluster.environment = { pingTransport: receiver.open };
  cluster.env = { CHBACKUP_PING_URL: url, CHBACKUP_METRICS_DIR: files.directory };
  return { receiver, files };
}

/** Lets both replicas of the second shard be dead. */
function killSecond(cluster: ClusterHarness): void {
  for (const host of ['ch-2a', 'ch-2b']) cluster.dead.add(host);
}

describe('a cluster', () => {
  test('sends one ping with its exit code and the lines of all shards', async ({ cluster }) => {
    const { receiver } = monitor(cluster, 'https://hc/UUID');
    killSecond(cluster);
    expect((await cluster.run('create-full', hosts)).code).toBe(3);
    expect(receiver.paths).toEqual(['/UUID/start?rid=ID', '/UUID/3?rid=ID']);
    const { body = '' } = receiver.pings.at(-1) ?? {};
    for (const shard of ['ch-1a|ch-1b', 'ch-3a|ch-3b']) {
      expect(body).toContain(` ${shard} [INFO] backup FULL_`);
    }
    expect(body).toContain(' ch-2a|ch-2b ::::[ERROR] no replica can be used');
    expect(body.trimEnd().split('\n').at(-1)).toContain('2 of 3 shards are backed up');
  });

  test('sends one ping per shard if the URL names the shard, when the shard ends', async ({
    cluster,
  }) => {
    const { receiver } = monitor(cluster, 'https://hc/{shard}/{command}');
    cluster.at('ch-3a').busyWith('watch', 600_000);
    killSecond(cluster);
    // A host that is typed beside a password has no start ping until it is known.
    cluster.env = { ...cluster.env, CHBACKUP_USER: 'rlAPIuser', CHBACKUP_PASSWORD: secret };
    expect((await cluster.runRaw(['create-full', hosts])).code).toBe(3);
    expect(receiver.paths.toSorted()).toEqual([
      ...['/ch-1a/create-full/0?rid=ID', '/ch-1a/create-full/start?rid=ID'],
      ...['/ch-2a/create-full/13?rid=ID', '/ch-2a/create-full/start?rid=ID'],
      ...['/ch-3a/create-full/0?rid=ID', '/ch-3a/create-full/start?rid=ID'],
    ]);
    const endOf = (shard: string) =>
      receiver.pings.find(({ path }) => path.startsWith(`/${shard}/create-full/0`));
    expect(endOf('ch-1a')?.body).not.toContain('ch-3a');
    const laterMs = (endOf('ch-3a')?.atMs ?? 0) - (endOf('ch-1a')?.atMs ?? 0);
    expect(laterMs).toBeGreaterThan(500_000);
    const ids = receiver.pings.map(({ path }) => path.split('rid=')[1]);
    expect(new Set(ids).size).toBe(3);
  });

  test('has a metrics file per shard, named like the other files of the shard', async ({
    cluster,
  }) => {
    const { files } = monitor(cluster, 'https://hc/UUID');
    expect((await cluster.run('create-full', 'ch-2b')).code).toBe(0);
    killSecond(cluster);
    expect((await cluster.run('create-full', hosts)).code).toBe(3);
    const names = ['chbackup_ch-1a.prom', 'chbackup_ch-2b.prom', 'chbackup_ch-3a.prom'];
    expect(files.names).toEqual(names);
    expect(names.map((name) => files.values(name)['last_run_exit_code create-full'])).toEqual([
      0, 13, 0,
    ]);
    expect(files.values('chbackup_ch-2b.prom')).toMatchObject({
      'last_success_timestamp_seconds create-full': Date.parse('2026-11-22T10:00:00Z') / 1000,
    });
  });

  test('whose shard has a file that cannot be read shows that', async ({ cluster }) => {
    const { files, receiver } = monitor(cluster, 'https://hc/{shard}');
    await cluster.run('create-full', hosts);
    cluster.makeUnreadable('.ch-1a_last_backup');
    expect((await cluster.run('create-diff', hosts)).code).toBe(3);
    expect(files.values('chbackup_ch-1a.prom')).toMatchObject({
      'last_run_exit_code create-diff': 1,
      'last_run_exit_code create-full': 0,
      'chain_length create-full': 1,
    });
    expect(receiver.paths).toContain('/ch-1a/1?rid=ID');
  });

  test.for(receiverKinds)(
    'whose receiver behaves like %j has the same exit code, one warning and at most 30 s more',
    async (receiving, { cluster }) => {
      const { receiver } = monitor(cluster, 'https://hc/{shard}');
      receiver.receiving = [receiving];
      const startMs = cluster.clock.elapsed();
      const { code, stderr } = await cluster.run('create-full', hosts);
      expect(code).toBe(0);
      expect(cluster.clock.elapsed() - startMs).toBeLessThan(40_000);
      const warnings = stderr.split('\n').filter((line) => line.includes('[WARNING]'));
      const isGood = receiving.kind === 'answers' && receiving.status === 200;
      if (isGood && (receiving.afterMs ?? 0) < 60_000) {
        expect(warnings).toEqual([]);
        return;
      }
      expect(warnings).toEqual([
        expect.stringMatching(/the final pings of 3 shards were not delivered: /),
      ]);
      for (const name of cluster.files.filter((each) => each.endsWith('.log'))) {
        expect(cluster.file(name)).toMatch(/WARNING:\n.*the final ping was not delivered: /);
      }
    },
  );
});
