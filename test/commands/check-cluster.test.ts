import { describe, expect } from 'vitest';
import { type ClusterHarness, test } from '../support/cluster-harness.js';
import type { Result } from '../support/harness.js';

const hour = 3_600_000;
const hosts = 'ch-{1..3}{a|b}';

interface Checked {
  ok: boolean;
  exitCode: number;
  shards: {
    shard: string;
    host: string | null;
    exitCode: number;
    status: string;
    replicas: string[];
    files: string | null;
    checks: { name: string; status: string; text: string }[];
  }[];
}

const jsonOf = ({ stdout }: Result): Checked => JSON.parse(stdout) as Checked;

/** The checks of each shard that are not good. */
const bad = (result: Result) =>
  jsonOf(result).shards.map(({ checks }) =>
    checks
      .filter(({ status }) => status === 'warning' || status === 'critical')
      .map(({ name, status }) => `${name} ${status}`),
  );

/** The text of a check of the n-th shard. */
const textOf = (result: Result, at: number, name: string) =>
  jsonOf(result).shards[at]?.checks.find((each) => each.name === name)?.text;

/** Runs `check` and checks that neither files nor servers were changed. */
async function check(cluster: ClusterHarness, notation: string, ...more: string[]) {
  const contents = () => cluster.files.map((name) => [name, cluster.file(name)]);
  const before = contents();
  const startMs = cluster.clock.elapsed();
  const result = await cluster.run('check', notation, ...more);
  expect(cluster.clock.elapsed() - startMs).toBeLessThanOrEqual(120_000);
  expect(contents()).toEqual(before);
  return result;
}

describe('check of a cluster', () => {
  test('says what the notation means, and takes one line for each good shard', async ({
    cluster,
  }) => {
    await cluster.run('create-full', hosts);
    const posts = cluster.requests('ch-1a', /^POST/).length;
    const { code, stdout, stderr } = await check(cluster, hosts);
    expect([code, stderr]).toEqual([0, '']);
    const name = 'FULL_CH_BK_2026-11-22_10-00-00';
    const meaning = (shard: number) =>
      `ch-${shard}a|ch-${shard}b: 2 replicas (ch-${shard}a, ch-${shard}b), files of ch-${shard}a in ${cluster.logDir}`;
    expect(stdout.split('\n')).toEqual([
      '3 shards:',
      ...[1, 2, 3].map(meaning),
      `ch-1a|ch-1b OK: newest backup ${name} is 3s old`,
      `ch-2a|ch-2b OK: newest backup ${name}_2 is 3s old`,
      `ch-3a|ch-3b OK: newest backup ${name}_3 is 3s old`,
      'OK: 3 of 3 shards are good',
      '',
    ]);
    expect(cluster.requests('ch-1a', /^POST/)).toHaveLength(posts);
  });

  test('--verbose shows every check of every shard', async ({ cluster }) => {
    await cluster.run('create-full', hosts);
    const { stdout } = await check(cluster, hosts, '--verbose');
    expect(stdout.match(/^  newest  /gm)).toHaveLength(3);
    expect(stdout.match(/^  clock  /gm)).toHaveLength(3);
  });

  test('uses the first replica that can be used, and warns about the dead one', async ({
    cluster,
  }) => {
    await cluster.run('create-full', hosts);
    cluster.dead.add('ch-1a');
    const result = await check(cluster, hosts, '--json');
    expect(result.code).toBe(0);
    expect(bad(result)).toEqual([['replicas warning'], [], []]);
    expect(textOf(result, 0, 'replicas')).toBe('ch-1a does not answer: connection refused');
    expect(jsonOf(result).shards.map(({ host }) => host)).toEqual(['ch-1b', 'ch-2a', 'ch-3a']);
  });

  test('exits with 3 if a shard is unreachable, and with 13 if all are', async ({ cluster }) => {
    await cluster.run('create-full', hosts);
    for (const host of ['ch-2a', 'ch-2b']) cluster.dead.add(host);
    const some = await check(cluster, hosts, '--json');
    expect(some.code).toBe(3);
    expect(jsonOf(some).shards.map(({ exitCode }) => exitCode)).toEqual([0, 13, 0]);
    expect(textOf(some, 1, 'server')).toBe(
      'ch-2a does not answer: connection refused; ch-2b does not answer: connection refused (check that clickhouse-backup server is running there and that the port is open)',
    );
    const text = await check(cluster, hosts);
    expect(text.stdout).toContain('ch-2a|ch-2b CRITICAL\n  server');
    expect(text.stdout).toContain('CRITICAL: 2 of 3 shards are good; critical: ch-2a|ch-2b\n');
    const nagios = await check(cluster, hosts, '--nagios');
    expect(nagios.code).toBe(2);
    expect(nagios.stdout).toMatch(
      /^CHBACKUP CRITICAL - ch-2a\/ch-2b: ch-2a does not answer[^|]*\|age=U;;18000 shards=3 critical=1 warning=0\n$/,
    );
    for (const host of ['ch-1a', 'ch-1b', 'ch-3a', 'ch-3b']) cluster.dead.add(host);
    expect((await check(cluster, hosts, '--json')).code).toBe(13);
  });

  test('exits with 1 if the shards fail in different ways', async ({ cluster }) => {
    await cluster.run('create-full', 'ch-{1..2}{a|b}');
    cluster.dead.add('ch-2a').add('ch-2b');
    await cluster.clock.sleep(6 * hour);
    const result = await check(cluster, 'ch-{1..2}{a|b}', '--json');
    expect(jsonOf(result).shards.map(({ exitCode }) => exitCode)).toEqual([1, 13]);
    expect(result.code).toBe(1);
  });

  test('Nagios names the worst shard first, and the highest age', async ({ cluster }) => {
    await cluster.run('create-full', hosts);
    await cluster.clock.sleep(6 * hour);
    await cluster.run('create-full', 'ch-1a|ch-1b,ch-3a|ch-3b');
    cluster.dead.add('ch-1a');
    const { code, stdout } = await check(cluster, hosts, '--nagios');
    expect(code).toBe(2);
    expect(stdout).toMatch(
      /^CHBACKUP CRITICAL - ch-2a\/ch-2b: newest [^;]+ more than 5h; ch-1a\/ch-1b: ch-1a [^|]+\|age=216\d\ds;;18000 shards=3 critical=1 warning=1\n$/,
    );
    cluster.dead.clear();
    await cluster.run('create-full', hosts);
    const good = await check(cluster, hosts, '--nagios');
    expect(good.stdout).toMatch(
      /^CHBACKUP OK - all 3 shards are good\|age=\d+s;;18000 shards=3 critical=0 warning=0\n$/,
    );
  });

  test('warns if a replica does not list the newest backup, or has too many copies', async ({
    cluster,
  }) => {
    cluster.addShard(['ch-4a'], {});
    cluster.addShard(['ch-4b'], {});
    await cluster.run('create-full', 'ch-4a|ch-4b');
    for (let at = 10; at < 31; at++) {
      cluster.at('ch-4b').addBackup('local', { name: `FULL_CH_BK_2026-11-22_09-00-${at}` });
    }
    const result = await check(cluster, 'ch-4a|ch-4b', '--json');
    expect(bad(result)).toEqual([['local warning', 'replicas warning']]);
    expect(textOf(result, 0, 'local')).toBe('ch-4b has 21 local copies, more than 20');
    expect(textOf(result, 0, 'replicas')).toContain('ch-4b does not list the newest backup FULL_');
  });

  test('does not judge a broken backup while another replica works', async ({ cluster }) => {
    await cluster.run('create-full', 'ch-1a|ch-1b');
    cluster.at('ch-1a').addBackup('remote', { name: 'FULL_CH_BK_2026-11-22_09-30-00' });
    cluster.at('ch-1a').setBroken('remote', 'FULL_CH_BK_2026-11-22_09-30-00');
    const idle = await check(cluster, 'ch-1a|ch-1b', '--json');
    expect(bad(idle)).toEqual([['broken warning']]);
    cluster.at('ch-1b').busyWith('upload another', hour);
    expect(bad(await check(cluster, 'ch-1a|ch-1b', '--json'))).toEqual([[]]);
  });

  test('warns about two shards with one path', async ({ cluster }) => {
    await cluster.run('create-full', 'ch-1a');
    await cluster.run('create-full', 'ch-1b');
    const result = await check(cluster, 'ch-1a,ch-1b', '--json');
    expect(bad(result)).toEqual([['replicas warning'], ['replicas warning']]);
    expect(textOf(result, 0, 'replicas')).toContain(
      'ch-1a and ch-1b have the same path on the remote storage',
    );
    expect(textOf(result, 0, 'replicas')).toContain('write ch-1a|ch-1b');
  });

  test('reports a shard whose files cannot be read', async ({ cluster }) => {
    await cluster.run('create-full', hosts);
    cluster.makeUnreadable('.ch-1a_last_backup');
    const result = await cluster.run('check', hosts, '--json');
    expect(result.code).toBe(3);
    expect(jsonOf(result).shards.map(({ exitCode }) => exitCode)).toEqual([1, 0, 0]);
    expect(textOf(result, 0, 'server')).toContain(`cannot read ${cluster.logDir}`);
  });

  test('is over in two minutes although a replica hangs', async ({ cluster }) => {
    await cluster.run('create-full', 'ch-1a|ch-1b');
    cluster.at('ch-1b').listsHang = true;
    const result = await check(cluster, 'ch-1a|ch-1b', '--json');
    expect(result.code).toBe(0);
    expect(bad(result)).toEqual([['replicas warning']]);
    expect(textOf(result, 0, 'replicas')).toBe('replica 2: the check did not end within 2m');
  });

  test('a busy old replica does not hide that the other one is dead', async ({ cluster }) => {
    cluster.addShard(['ch-4a', 'ch-4b'], { version: '2.4.0' });
    await cluster.run('create-full', 'ch-4a|ch-4b');
    cluster.at('ch-4a').busyWith('upload another', hour);
    cluster.dead.add('ch-4b');
    const result = await check(cluster, 'ch-4a|ch-4b', '--json');
    expect([result.code, bad(result)]).toEqual([0, [['server warning', 'replicas warning']]]);
    expect(textOf(result, 0, 'replicas')).toBe('ch-4b does not answer: connection refused');
  });

  test('needs no files', async ({ cluster }) => {
    await cluster.run('create-full', hosts);
    const { code, stdout } = await cluster.runRaw([
      ...['check', hosts, 'rlAPIuser', 'wrong', '--log-dir', `${cluster.folder}/none`, '--json'],
    ]);
    expect(code).toBe(12);
    const { shards } = JSON.parse(stdout) as Checked;
    expect(shards.map(({ files }) => files)).toEqual(['ch-1a', 'ch-2a', 'ch-3a']);
  });

  test('a signal stops all shards: exit 143', async ({ cluster }) => {
    const running = cluster.start('check', hosts);
    void cluster.clock.sleep(5000).then(() => running.signal('SIGTERM'));
    const { code, stdout } = await running.done;
    expect(code).toBe(143);
    expect(stdout).toContain('stopped by SIGTERM; nothing was changed');
  });

  test('a signal that stops only some shards has its exit code, too', async ({ cluster }) => {
    await cluster.run('create-full', hosts);
    cluster.at('ch-1a').listsHang = true;
    const running = cluster.start('check', hosts, '--json');
    void cluster.clock.sleep(5000).then(() => running.signal('SIGINT'));
    const result = await running.done;
    expect(jsonOf(result).shards.map(({ exitCode }) => exitCode)).toEqual([130, 0, 0]);
    expect([result.code, jsonOf(result).exitCode]).toEqual([130, 130]);
  });
});
