import { describe, expect, onTestFinished } from 'vitest';
import { nodeDisk } from '../../src/state/disk.js';
import { type ClusterHarness, test as clusterTest } from '../support/cluster-harness.js';
import { type Harness, test } from '../support/harness.js';
import { brokenFolder, MetricsFiles, Receiver, receiverKinds } from '../support/monitors.js';

const hour = 3_600_000;
const url = 'https://hc/KEY/{command}';
const hosts = 'ch-{1..3}{a|b}';
const metricsOf = (harness: Harness) => `chbackup_check_${harness.hostInFiles}.prom`;

/** Lets later runs ping and write metrics files. */
function monitor(harness: Harness | ClusterHarness, pingUrl: string) {
  const receiver = new Receiver(harness.clock);
  const files = new MetricsFiles();
  onTestFinished(() => files.remove());
  harness.environment = { pingTransport: receiver.open };
  harness.env = { CHBACKUP_PING_URL: pingUrl, CHBACKUP_METRICS_DIR: files.directory };
  return { receiver, files };
}

/** Returns the value of each check in a metrics file. */
function checksIn(files: MetricsFiles, name: string): Record<string, number> {
  const checks = Object.entries(files.values(name)).flatMap(([series, value]) =>
    series.startsWith('check_status ') ? [[series.slice('check_status '.length), value]] : [],
  );
  return Object.fromEntries(checks);
}

const contentsOf = (harness: Harness | ClusterHarness) =>
  harness.files.map((name) => [name, harness.file(name)]);

describe('a check', () => {
  test('writes a metrics file of its own, and pings', async ({ harness }) => {
    await harness.run('create-full');
    const before = contentsOf(harness);
    const { receiver, files } = monitor(harness, url);
    await harness.clock.sleep(2 * hour);
    const { code, stderr } = await harness.run('check');
    expect([code, stderr]).toEqual([0, '']);
    expect(receiver.paths).toEqual(['/KEY/check/start?rid=ID', '/KEY/check/0?rid=ID']);
    expect(receiver.pings[1]?.body).toMatch(
      /^\S+ ok newest: newest backup FULL\S+ is 2h \d+s old$/m,
    );
    expect(files.names).toEqual([metricsOf(harness)]);
    expect(files.read(metricsOf(harness))).toContain(
      `chbackup_check_timestamp_seconds{shard="${harness.hostInFiles}"} ${harness.clock.now() / 1000}\n`,
    );
    expect(checksIn(files, metricsOf(harness))).toMatchObject({ server: 0, newest: 0, full: 0 });
    expect(checksIn(files, metricsOf(harness))).not.toHaveProperty('complete');
    expect(contentsOf(harness)).toEqual(before);
  });

  test('shows what is critical, with its exit code', async ({ harness }) => {
    await harness.run('create-full');
    const { receiver, files } = monitor(harness, `${url}/{shard}`);
    await harness.clock.sleep(6 * hour);
    expect((await harness.run('check', '--quiet')).code).toBe(1);
    expect(receiver.paths.at(-1)).toBe(`/KEY/check/${harness.hostInFiles}/1?rid=ID`);
    expect(receiver.pings.at(-1)?.body).toContain('critical newest: newest backup FULL_');
    expect(checksIn(files, metricsOf(harness))).toMatchObject({ server: 0, newest: 2 });
    await harness.run('create-full');
    expect((await harness.run('check')).code).toBe(0);
    expect(checksIn(files, metricsOf(harness))).toMatchObject({ server: 0, newest: 0 });
  });

  test('of a server that is down replaces the results of the last one', async ({ harness }) => {
    await harness.run('create-full');
    const { receiver, files } = monitor(harness, url);
    await harness.run('check');
    harness.simulator.refuse = true;
    expect((await harness.run('check')).code).toBe(13);
    expect(receiver.paths.at(-1)).toBe('/KEY/check/13?rid=ID');
    expect(checksIn(files, metricsOf(harness))).toMatchObject({ server: 2 });
    expect(checksIn(files, metricsOf(harness))).not.toHaveProperty('newest');
  });

  test('that fails in an unexpected way shows that', async ({ harness }) => {
    await harness.run('create-full');
    const { receiver, files } = monitor(harness, url);
    const peekLock = () => {
      throw new Error('no locks here');
    };
    harness.environment = {
      pingTransport: receiver.open,
      disk: { ...nodeDisk(undefined), peekLock },
    };
    expect((await harness.run('check')).code).toBe(1);
    expect(receiver.paths.at(-1)).toBe('/KEY/check/1?rid=ID');
    expect(checksIn(files, metricsOf(harness))).toEqual({ server: 2 });
  });

  test('that a signal stops keeps the results of the last one', async ({ harness }) => {
    await harness.run('create-full');
    const { receiver, files } = monitor(harness, url);
    await harness.run('check');
    const before = files.read(metricsOf(harness));
    harness.simulator.listsHang = true;
    const running = harness.start('check');
    harness.later(5000, () => running.signal('SIGTERM'));
    expect((await running.done).code).toBe(143);
    expect(receiver.paths.at(-1)).toBe('/KEY/check/143?rid=ID');
    expect(files.read(metricsOf(harness))).toBe(before);
  });

  test('does not ping a URL that does not name the command', async ({ harness }) => {
    await harness.run('create-full');
    const { receiver, files } = monitor(harness, 'https://hc/UUID/{shard}');
    expect((await harness.run('check')).code).toBe(0);
    expect([receiver.pings, files.names]).toEqual([[], [metricsOf(harness)]]);
  });

  test('does not change what a run has written', async ({ harness }) => {
    const { files } = monitor(harness, url);
    await harness.run('create-full');
    const run = `chbackup_${harness.hostInFiles}.prom`;
    const before = files.read(run);
    await harness.run('check');
    expect(files.names).toEqual([run, metricsOf(harness)].toSorted());
    expect(files.read(run)).toBe(before);
  });

  test('writes to the directory of --metrics-dir', async ({ harness }) => {
    const { files } = monitor(harness, url);
    harness.env = {};
    await harness.run('check', '--metrics-dir', files.directory);
    expect(files.names).toEqual([metricsOf(harness)]);
  });

  test.for(receiverKinds)(
    'has the same exit code with a receiver that behaves like %j',
    async (receiving, { harness }) => {
      await harness.run('create-full');
      const { receiver } = monitor(harness, url);
      harness.environment = {
        pingTransport: receiver.open,
        metricsFolder: brokenFolder('full', harness.clock),
      };
      receiver.receiving = [receiving];
      const before = contentsOf(harness);
      const startMs = harness.clock.elapsed();
      const good = await harness.run('check');
      expect(harness.clock.elapsed() - startMs).toBeLessThanOrEqual(30_000);
      expect(good.code).toBe(0);
      expect(good.stderr).toContain('the metrics file was not written: no space left');
      await harness.clock.sleep(6 * hour);
      expect((await harness.run('check')).code).toBe(1);
      expect(contentsOf(harness)).toEqual(before);
    },
  );

  test('leaves no log of a new host that cannot be monitored', async ({ harness }) => {
    monitor(harness, url);
    harness.environment = { metricsFolder: brokenFolder('full', harness.clock) };
    expect((await harness.run('check')).code).toBe(1);
    expect(harness.files).toEqual([]);
  });
});

describe('a check of a cluster', () => {
  clusterTest('writes a file per shard, named like its other files', async ({ cluster }) => {
    await cluster.run('create-full', hosts);
    const before = contentsOf(cluster);
    const { receiver, files } = monitor(cluster, `${url}/{shard}`);
    for (const host of ['ch-2a', 'ch-2b']) cluster.dead.add(host);
    const { code, stdout } = await cluster.run('check', 'ch-1{b|a},ch-2{a|b},ch-3a');
    expect([code, stdout]).toEqual([3, expect.stringContaining('CRITICAL: 2 of 3 shards')]);
    const names = [1, 2, 3].map((shard) => `chbackup_check_ch-${shard}a.prom`);
    expect(files.names).toEqual(names);
    expect(names.map((name) => checksIn(files, name)['server'])).toEqual([0, 2, 0]);
    expect(receiver.paths.filter((each) => !each.includes('/start')).toSorted()).toEqual([
      '/KEY/check/ch-1a/0?rid=ID',
      '/KEY/check/ch-2a/13?rid=ID',
      '/KEY/check/ch-3a/0?rid=ID',
    ]);
    expect(contentsOf(cluster)).toEqual(before);
  });

  clusterTest('sends one ping if the URL does not name the shard', async ({ cluster }) => {
    await cluster.run('create-full', hosts);
    const { receiver } = monitor(cluster, url);
    for (const host of ['ch-2a', 'ch-2b']) cluster.dead.add(host);
    expect((await cluster.run('check', hosts)).code).toBe(3);
    expect(receiver.paths).toEqual(['/KEY/check/start?rid=ID', '/KEY/check/3?rid=ID']);
    const { body } = receiver.pings[1] ?? {};
    expect(body).toMatch(/^ch-1a ok newest: /m);
    expect(body).toMatch(/^ch-2a critical server: /m);
  });

  clusterTest('shows the bad shards of many', async ({ cluster }) => {
    const names = Array.from({ length: 40 }, (_, at) => `ch-${at + 11}`);
    for (const name of names) cluster.addShard([name]);
    const notation = 'ch-{11..50}';
    await cluster.run('create-full', notation);
    const { receiver } = monitor(cluster, url);
    cluster.at('ch-12').busyWith('watch', hour);
    expect((await cluster.run('check', notation)).code).toBe(0);
    const { body = '' } = receiver.pings[1] ?? {};
    expect(body.length).toBeLessThanOrEqual(10_000);
    expect(body).toMatch(/^ch-12 warning interrupted: .* is running `watch`/m);
  });

  clusterTest('shows a shard whose files cannot be read', async ({ cluster }) => {
    await cluster.run('create-full', hosts);
    const { files } = monitor(cluster, url);
    cluster.makeUnreadable('.ch-2a_last_backup');
    expect((await cluster.run('check', hosts)).code).toBe(3);
    const checks = ['ch-1a', 'ch-2a', 'ch-3a'].map(
      (shard) => checksIn(files, `chbackup_check_${shard}.prom`)['server'],
    );
    expect(checks).toEqual([0, 2, 0]);
  });
});
