import { describe, expect } from 'vitest';
import type { Step } from '../../src/use-cases/steps.js';
import { type ClusterHarness, test } from '../support/cluster-harness.js';

const second = 1000;
const minute = 60 * second;
const shard = 'ch-1{a|b}';

const posts = /^POST \/backup\/(create|upload)/;
const checks = /tables\?table=nosuch/;

/** Leaves the journal of a run of `r-a` that was stopped during its upload. */
async function interrupt(cluster: ClusterHarness, uploadMs: number): Promise<void> {
  cluster.addShard(['r-a', 'r-b'], { workMs: { upload: uploadMs } });
  const running = cluster.start('create-full', 'r-{a|b}');
  await cluster.clock.sleep(30 * second);
  running.signal('SIGTERM');
  expect((await running.done).code).toBe(143);
}

describe('a replica that was usable and then dies', () => {
  const before: { step: Step; command: string }[] = [
    { step: 'journal', command: 'create-full' },
    { step: 'list-names', command: 'create-full' },
    { step: 'verify-base', command: 'create-diff' },
    { step: 'check-base', command: 'create-diff' },
    { step: 'note-tables', command: 'create-diff' },
    { step: 'reserve-name', command: 'create-diff' },
    { step: 'create', command: 'create-full' },
    { step: 'create', command: 'create-diff' },
  ];

  test.for(before)(
    'at the step $step of $command hands over to the next one',
    async ({ step, command }, { cluster }) => {
      await cluster.run('create-full', shard);
      const base = cluster.lastBackup('ch-1a');
      const posted = cluster.requests('ch-1a', posts).length;
      cluster.when(step, () => cluster.dead.add('ch-1a'));
      const { code, stderr } = await cluster.run(command, shard);
      expect(code).toBe(0);
      expect(stderr).toMatch(/using the replica ch-1b: ch-1a does not answer: connection refused/);
      expect(stderr.match(/using the replica/g)).toHaveLength(1);
      expect(stderr).not.toContain('the next run will check');
      expect(cluster.requests('ch-1a', posts)).toHaveLength(posted);
      expect(cluster.requests('ch-1b', posts)).toHaveLength(2);
      expect(cluster.baseOf('ch-1a')).toBe(command === 'create-diff' ? base : '');
      expect(cluster.file('.ch-1a_run.json')).toBeUndefined();
    },
  );

  test.for(['hang', 'clickHouseDown'] as const)(
    'hands over if only its ClickHouse is down (%s)',
    async (fault, { cluster }) => {
      cluster.when('list-names', () => (cluster.at('ch-1a')[fault] = true));
      const { code, stderr } = await cluster.run('create-full', shard);
      expect(code).toBe(0);
      expect(stderr).toMatch(/using the replica ch-1b: ClickHouse behind ch-1a does not answer/);
      expect(cluster.requests('ch-1a', posts)).toEqual([]);
      cluster.at('ch-1a')[fault] = false;
    },
  );

  test('hands over while it recovers an interrupted run, which is then left open', async ({
    cluster,
  }) => {
    await interrupt(cluster, 2 * 60 * minute);
    cluster.when('recover', () => cluster.dead.add('r-a'));
    const { code, stderr } = await cluster.run('create-diff', 'r-{a|b}');
    expect(code).toBe(0);
    expect(stderr).toContain('the replica r-a, which was working on it, cannot be used');
    expect(stderr).not.toContain('failed');
    expect(cluster.requests('r-b', posts)).toHaveLength(2);
  });

  test('does not hand over once a POST may have reached it', async ({ cluster }) => {
    cluster.when('create', () => cluster.silent.add('ch-1a'));
    const { code } = await cluster.run('create-full', shard);
    expect(code).toBe(13);
    expect(cluster.requests('ch-1b')).toEqual([]);
    expect(cluster.file('.ch-1a_run.json')).toContain('"phase":"create"');
  });

  test('does not hand over after it has refused the POST as busy', async ({ cluster }) => {
    cluster.when('create', () => cluster.at('ch-1a').busyWith('watch', 5 * minute));
    const running = cluster.start('create-full', shard);
    await cluster.clock.sleep(minute);
    expect(cluster.requests('ch-1a', posts)).not.toEqual([]);
    cluster.dead.add('ch-1a');
    expect((await running.done).code).toBe(13);
    expect(cluster.requests('ch-1b')).toEqual([]);
  });

  test('--verbose names the replica of a request, if the shard has several', async ({
    cluster,
  }) => {
    cluster.addShard(['alone']);
    await cluster.run('create-full', `${shard},alone`);
    const { stderr } = await cluster.run('create-full', `${shard},alone`, '--verbose');
    const lines = stderr.split('\n').filter((line) => / GET /.test(line));
    for (const line of lines) {
      expect(line).toMatch(/ (alone \[DEBUG\] GET|ch-1a\|ch-1b \[DEBUG\] ch-1a: GET) \/backup/);
    }
    expect(lines.length).toBeGreaterThan(10);
  });

  test('ends the shard with 13 if the next one cannot be used either', async ({ cluster }) => {
    cluster.when('create', () => cluster.dead.add('ch-1a').add('ch-1b'));
    const { code, stderr } = await cluster.run('create-full', shard);
    expect(code).toBe(13);
    expect(stderr).toMatch(/no replica can be used: ch-1a does not answer: .*; ch-1b does not/);
    // The hint that both have.
    expect(stderr).toContain('(check that clickhouse-backup server is running there and that');
    for (const host of ['ch-1a', 'ch-1b']) {
      expect(stderr).toMatch(
        new RegExp(`\\[WARNING\\] no response from ${host}, retrying: /backup/.*refused\n`),
      );
    }
    const status = cluster.file('.ch-1a_status.json') ?? '';
    expect(JSON.parse(status)).toMatchObject({ lastRuns: { 'create-full': { backup: null } } });
    expect(cluster.requests('ch-1a', posts)).toEqual([]);
    expect(cluster.file('.ch-1a_run.json')).toBeUndefined();
  });

  test('takes over again if the next one dies as well', async ({ cluster }) => {
    cluster.when('create', () => {
      cluster.dead.add('ch-1a');
      cluster.when('create', () => {
        cluster.dead.clear();
        cluster.dead.add('ch-1b');
      });
    });
    const { code } = await cluster.run('create-full', shard);
    expect(code).toBe(0);
    expect(cluster.requests('ch-1a', posts)).toHaveLength(2);
    expect(cluster.requests('ch-1b', posts)).toEqual([]);
  });
});

test('a certificate that is not trusted is not replaced by another replica', async ({
  cluster,
}) => {
  cluster.untrusted.add('ch-1a');
  for (const command of ['create-full', 'list']) {
    const { code, stderr } = await cluster.run(command, shard);
    expect([command, code]).toEqual([command, 13]);
    expect(stderr).toContain('the certificate is not trusted');
  }
  expect(cluster.requests('ch-1b')).toEqual([]);
});

describe('a replica that cannot be used is asked once in a run', () => {
  test('although it also has to recover an interrupted run', async ({ cluster }) => {
    await interrupt(cluster, 10 * minute);
    await cluster.clock.sleep(20 * minute);
    cluster.at('r-a').finishDueWork();
    cluster.at('r-a').hang = true;
    const before = cluster.requests('r-a', checks).length;
    const { code, stderr } = await cluster.run('create-diff', 'r-{a|b}');
    expect(code).toBe(0);
    expect(stderr).toContain('has now been verified and recorded');
    expect(cluster.baseOf('r-a')).toMatch(/^FULL_/);
    expect(cluster.requests('r-a', checks)).toHaveLength(before + 1);
    expect(stderr.match(/using the replica r-b/g)).toHaveLength(1);
    cluster.at('r-a').hang = false;
  });

  test('so it costs the connect timeout once', async ({ cluster }) => {
    await interrupt(cluster, 2 * 60 * minute);
    cluster.dead.add('r-a');
    const startMs = cluster.clock.elapsed();
    const running = cluster.start('create-full', 'r-{a|b}');
    await cluster.clock.sleep(62 * second);
    expect(cluster.requests('r-b', posts)).not.toEqual([]);
    expect(cluster.clock.elapsed() - startMs).toBe(62 * second);
    running.signal('SIGTERM');
    await running.done;
  });
});

test('a replica that is away for less than the connect timeout is not replaced', async ({
  cluster,
}) => {
  cluster.dead.add('ch-1a');
  const running = cluster.start('create-full', shard);
  await cluster.clock.sleep(50 * second);
  cluster.dead.clear();
  const { code, stderr } = await running.done;
  expect(code).toBe(0);
  expect(stderr).not.toContain('using the replica');
  expect(cluster.requests('ch-1b')).toEqual([]);
});

test('below 2.7.0, the warning says that the base is not on this replica', async ({ cluster }) => {
  cluster.addShard(['old-a', 'old-b'], { version: '2.6.30' });
  await cluster.run('create-full', 'old-{a|b}');
  const base = cluster.lastBackup('old-a');
  cluster.dead.add('old-a');
  const { stderr } = await cluster.run('create-diff', 'old-{a|b}');
  expect(stderr).toContain(
    `the base ${base} is not on the replica old-b, and clickhouse-backup before 2.7.0 cannot safely use its remote copy; this backup is uploaded in full`,
  );
});

describe('tables that are not replicated', () => {
  const own = ['shop.customers', 'shop.orders'];
  const text =
    /contain the rows that (\S+) has of tables that are not replicated: ([^;"\n]*)([^"\n]*)/;

  async function create(
    cluster: ClusterHarness,
    command: string,
    hosts: string,
  ): Promise<{ host: unknown; notReplicated: unknown; warning: string | undefined }> {
    const { code, stdout, stderr } = await cluster.run(command, hosts, '--json');
    expect(code).toBe(0);
    const { shards } = JSON.parse(stdout) as { shards: Record<string, unknown>[] };
    const { host, notReplicated } = shards[0] ?? {};
    const [, who, tables, more] = text.exec(stderr) ?? [];
    if (who !== undefined) expect([who, tables]).toEqual([host, own.join(', ')]);
    return { host, notReplicated, warning: more };
  }

  test('are named once another replica makes the backup, until the usual one is back', async ({
    cluster,
  }) => {
    await cluster.run('create-full', shard);
    cluster.dead.add('ch-1a');
    const warning = '; the last backup contains those of ch-1a';
    const fallback = { host: 'ch-1b', notReplicated: own };
    expect(await create(cluster, 'create-diff', shard)).toEqual({ ...fallback, warning });
    cluster.dead.clear();
    // The base is on its disk, but its rows are still not the usual ones.
    expect(await create(cluster, 'create-diff', shard)).toEqual({
      ...fallback,
      warning: undefined,
    });
    const usual = { host: 'ch-1a', notReplicated: [], warning: undefined };
    expect(await create(cluster, 'create-full', shard)).toEqual(usual);
    expect(await create(cluster, 'create-diff', shard)).toEqual(usual);
  });

  test('are named in a full backup of a fallback replica, and in the increments on it', async ({
    cluster,
  }) => {
    cluster.dead.add('ch-1a');
    const fallback = { host: 'ch-1b', notReplicated: own };
    expect(await create(cluster, 'create-full', shard)).toEqual({ ...fallback, warning: '' });
    cluster.dead.clear();
    expect(await create(cluster, 'create-diff', shard)).toEqual({
      ...fallback,
      warning: undefined,
    });
    // Its rows are those of the first replica, but not those of the last backup.
    cluster.dead.add('ch-1b');
    expect(await create(cluster, 'create-diff', shard)).toEqual({
      ...{ host: 'ch-1a', notReplicated: own },
      warning: '; the last backup contains those of ch-1b',
    });
    const usual = { host: 'ch-1a', notReplicated: [], warning: undefined };
    expect(await create(cluster, 'create-diff', shard)).toEqual(usual);
  });

  test('are still known after an interrupted run', async ({ cluster }) => {
    cluster.addShard(['r-a', 'r-b'], { workMs: { upload: 10 * minute } });
    cluster.dead.add('r-a');
    const running = cluster.start('create-full', 'r-{a|b}');
    await cluster.clock.sleep(5 * minute);
    running.signal('SIGTERM');
    expect((await running.done).code).toBe(143);
    cluster.dead.clear();
    const result = await create(cluster, 'create-diff', 'r-{a|b}');
    expect(result).toEqual({ host: 'r-b', notReplicated: own, warning: undefined });
  });

  test('are not named because the order of the replicas has changed', async ({ cluster }) => {
    await cluster.run('create-full', 'ch-1a|ch-1b');
    const usual = { notReplicated: [], warning: undefined };
    const swapped = 'ch-1b|ch-1a';
    expect(await create(cluster, 'create-diff', swapped)).toEqual({ host: 'ch-1a', ...usual });
    expect(await create(cluster, 'create-full', swapped)).toEqual({ host: 'ch-1b', ...usual });
    expect(await create(cluster, 'create-diff', swapped)).toEqual({ host: 'ch-1b', ...usual });
  });

  test('are named if the replica that made the last backup is not in the list any more', async ({
    cluster,
  }) => {
    cluster.addShard(['r-a', 'r-b', 'r-c']);
    await cluster.run('create-full', 'r-{b|a|c}');
    cluster.dead.add('r-b');
    await cluster.run('create-diff', 'r-{b|a|c}');
    // The files are those of r-b, so it has to be in the list.
    cluster.dead.clear();
    expect(await create(cluster, 'create-diff', 'r-{b|c}')).toEqual({
      host: 'r-b',
      notReplicated: own,
      warning: '; the last backup contains those of r-a',
    });
  });
});

test('the local copy of a failed upload is on the fallback replica', async ({ cluster }) => {
  await cluster.run('create-full', shard);
  cluster.dead.add('ch-1a');
  cluster.at('ch-1b').failNext('upload', 'disk full');
  const { code, stderr } = await cluster.run('create-full', shard);
  expect(code).toBe(1);
  expect(stderr).toMatch(/to delete the local copy, run chbackup delete-local ch-1b --name FULL_/);
});
