import { describe, expect } from 'vitest';
import { backupName } from '../../src/backup/names.js';
import { type ClusterHarness, test } from '../support/cluster-harness.js';

const second = 1000;
const minute = 60 * second;
const three = 'ch-{1..3}{a|b}';

/** What the JSON of a shard has where there is nothing to say. */
const nothing = {
  ...{ host: null, backup: null, kind: null, base: null, exitCode: 0, error: null, skipped: false },
  ...{ startedAt: null, finishedAt: null, seconds: null, createSeconds: null, uploadSeconds: null },
  ...{ dataBytes: null, ageSeconds: null, notReplicated: [] },
};
/** The same for a full backup. The shards share the clock, so times differ a little from run to run. */
const made = {
  kind: 'full',
  startedAt: timeLike('10:00:00'),
  finishedAt: timeLike('10:00:03'),
  seconds: expect.closeTo(3.5, 0) as number,
  createSeconds: expect.closeTo(1, 0) as number,
  uploadSeconds: expect.closeTo(2, 0) as number,
  dataBytes: 8_440_800,
};

function timeLike(time: string): string {
  return expect.stringMatching(new RegExp(`^2026-11-22T${time}\\.\\d{3}Z$`)) as string;
}

const shardsIn = (stdout: string) => (JSON.parse(stdout) as { shards: unknown[] }).shards;

const nameOn = (cluster: ClusterHarness, shard: number) => cluster.lastBackup(`ch-${shard}a`);

const posts = /^POST \/backup\/(create|upload)/;

describe('a cluster of three shards', () => {
  test('is backed up by its first replicas, all at once', async ({ cluster }) => {
    const startMs = cluster.clock.elapsed();
    const { code, stdout, stderr } = await cluster.run('create-full', three);
    expect(code).toBe(0);
    // As long as one host.
    expect(cluster.clock.elapsed() - startMs).toBeLessThan(5 * second);
    expect(stderr).toContain('[INFO] all 3 shards are backed up');
    expect(stderr).not.toContain('[WARNING]');
    expect(stdout).toBe('');
    for (const shard of [1, 2, 3]) {
      expect(cluster.lastBackup(`ch-${shard}a`)).toMatch(/^FULL_CH_BK_2026-11-22_10-00-00(_\d)?$/);
      expect(cluster.requests(`ch-${shard}b`)).toEqual([]);
      expect(stderr).toMatch(
        new RegExp(`ch-${shard}a\\|ch-${shard}b \\[INFO\\] backup FULL_\\S+ was`),
      );
    }
    const names = [1, 2, 3].map((shard) => cluster.lastBackup(`ch-${shard}a`));
    expect(new Set(names).size).toBe(3);
  });

  test('names all backups for the same second', async ({ cluster }) => {
    const { code } = await cluster.run('create-full', three);
    expect(code).toBe(0);
    const names = [1, 2, 3].map((shard) => cluster.lastBackup(`ch-${shard}a`));
    const [first = ''] = names;
    expect(first).toMatch(/^FULL_CH_BK_2026-11-22_10-00-00$/);
    expect(names).toEqual([first, `${first}_2`, `${first}_3`]);
    const seconds = Date.parse('2026-11-22T10:00:00') / 1000;
    const lines = names.map((name) => `${name} ${seconds}\n`).join('');
    expect(cluster.file('.given_names')).toBe(lines);
  });

  test('does not wait for a busy shard, whose backup is named when it is created', async ({
    cluster,
  }) => {
    const startMs = cluster.clock.now();
    cluster.at('ch-2a').busyWith('watch', 60 * minute);
    const { code } = await cluster.run('create-full', three, '--wait', '2h');
    expect(code).toBe(0);
    const createdMs = [1, 2, 3].map((shard) => {
      const create = cluster
        .at(`ch-${shard}a`)
        .requests.find(({ path }) => path.startsWith('/backup/create'));
      return (create?.atMs ?? NaN) - startMs;
    });
    expect(createdMs[0]).toBeLessThan(2 * second);
    expect(createdMs[2]).toBeLessThan(2 * second);
    expect(createdMs[1]).toBeGreaterThan(60 * minute);
    const names = [1, 2, 3].map((shard) => cluster.lastBackup(`ch-${shard}a`) ?? '');
    expect(names[2]).toBe(`${names[0]}_2`);
    // Its own time, which is that of its create.
    const line = cluster
      .file('.given_names')
      ?.split('\n')
      .find((each) => each.startsWith(names[1] ?? '-'));
    const givenMs = Number(line?.split(' ')[1]) * 1000;
    expect(names[1]).toBe(backupName('FULL', new Date(givenMs)));
    expect(Math.abs(givenMs - startMs - (createdMs[1] ?? 0))).toBeLessThan(2 * second);
  });

  test('uses the files that another run writes while it waits for the lock', async ({
    cluster,
  }) => {
    const single = cluster.start('create-full', 'ch-1b');
    const shard = cluster.start('create-diff', 'ch-1a|ch-1b');
    expect((await single.done).code).toBe(0);
    const full = cluster.lastBackup('ch-1b') ?? '';
    const { code, stderr } = await shard.done;
    expect(code).toBe(0);
    expect(stderr).toContain('waiting for `chbackup create-full');
    // Although there were no files yet when both began.
    expect(cluster.lastBackup('ch-1a')).toBeUndefined();
    expect(cluster.lastBackup('ch-1b')).toMatch(/^DIFF_/);
    expect(full).toMatch(/^FULL_/);
    expect(cluster.baseOf('ch-1b')).toBe(full);
    expect(cluster.file('ch-1b_backup_ch.log')?.match(/##### finished/g)).toHaveLength(2);
    expect(cluster.files.filter((name) => /^\.ch-1a_(status|run)/.test(name))).toEqual([]);
  });

  test('makes increments, each on the base of its shard', async ({ cluster }) => {
    await cluster.run('create-full', three);
    const bases = [1, 2, 3].map((shard) => cluster.lastBackup(`ch-${shard}a`));
    const { code } = await cluster.run('create-diff', three);
    expect(code).toBe(0);
    expect([1, 2, 3].map((shard) => cluster.baseOf(`ch-${shard}a`))).toEqual(bases);
  });

  test('prints JSON with one object per shard', async ({ cluster }) => {
    cluster.dead.add('ch-2a').add('ch-2b');
    const { code, stdout } = await cluster.run('create-full', three, '--json');
    expect(code).toBe(3);
    const shards = shardsIn(stdout);
    expect(JSON.parse(stdout)).toEqual({ command: 'create-full', complete: false, shards });
    expect(shards).toEqual([
      { ...nothing, ...made, shard: 'ch-1a|ch-1b', host: 'ch-1a', backup: nameOn(cluster, 1) },
      {
        ...nothing,
        shard: 'ch-2a|ch-2b',
        exitCode: 13,
        error: expect.stringMatching(/^no replica can be used: /) as string,
      },
      { ...nothing, ...made, shard: 'ch-3a|ch-3b', host: 'ch-3a', backup: nameOn(cluster, 3) },
    ]);
  });

  test('prints what is known about a shard that failed', async ({ cluster }) => {
    await cluster.run('create-full', three);
    const base = cluster.lastBackup('ch-2a');
    cluster.at('ch-2a').failNext('upload', 'disk full');
    const { stdout } = await cluster.run('create-diff', three, '--json');
    const backup = /\/backup\/upload\/(DIFF_[^?]+)/.exec(cluster.requests('ch-2a').join('\n'))?.[1];
    expect(backup).toMatch(/^DIFF_/);
    expect(shardsIn(stdout)[1]).toEqual({
      ...nothing,
      shard: 'ch-2a|ch-2b',
      host: 'ch-2a',
      backup,
      base,
      exitCode: 1,
      error: `the upload of backup ${backup} failed: disk full; backup ${backup} is not on the remote storage`,
      startedAt: timeLike('10:00:03'),
      seconds: expect.closeTo(3.5, 0) as number,
    });
  });

  test('prints the same fields for shards that needed no backup', async ({ cluster }) => {
    await cluster.run('create-full', three);
    await cluster.clock.sleep(10 * minute);
    // Without a last-backup file, only the remote list shows that the backup is young enough.
    const young = cluster.lastBackup('ch-2a');
    cluster.removeFile('.ch-2a_last_backup');
    const repeat = ['--if-older-than', '1h', '--json'];
    const { stdout } = await cluster.run('create-full', three, ...repeat);
    const skipped = { ...nothing, skipped: true, ageSeconds: expect.closeTo(603, -1) as number };
    const [first, another] = shardsIn(stdout);
    expect(first).toEqual({ ...skipped, shard: 'ch-1a|ch-1b', backup: nameOn(cluster, 1) });
    expect(another).toEqual({
      ...skipped,
      shard: 'ch-2a|ch-2b',
      host: 'ch-2a',
      backup: young,
      startedAt: timeLike('10:10:03'),
      seconds: expect.any(Number) as number,
    });
  });
});

describe('a shard that fails', () => {
  test('does not stop the others: exit 3, and the last line names it', async ({ cluster }) => {
    cluster.at('ch-2a').failNext('upload', 'disk full');
    const { code, stderr } = await cluster.run('create-full', three);
    expect(code).toBe(3);
    expect(stderr).toContain(
      '::::[ERROR] 2 of 3 shards are backed up; failed: ch-2a|ch-2b (failed, exit 1)',
    );
    expect(cluster.lastBackup('ch-2a')).toBeUndefined();
    expect(cluster.lastBackup('ch-3a')).toMatch(/^FULL_/);
  });

  test.for([
    { codes: [13, 13, 13], code: 13 },
    { codes: [13, 1, 13], code: 1 },
  ])('with $codes, all shards together exit with $code', async ({ codes, code }, { cluster }) => {
    for (const [at, one] of codes.entries()) {
      if (one === 13) cluster.dead.add(`ch-${at + 1}a`).add(`ch-${at + 1}b`);
      else cluster.at(`ch-${at + 1}a`).failNext('create', 'disk full');
    }
    const result = await cluster.run('create-full', three);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(
      '0 of 3 shards are backed up; failed: ch-1a|ch-1b (unreachable, exit 13)',
    );
  });

  test('with a broken state file ends alone', async ({ cluster }) => {
    await cluster.run('create-full', three);
    cluster.writeFile('.ch-2a_last_backup', '../etc/passwd');
    const { code, stderr } = await cluster.run('create-diff', three, '--without-base', 'fail');
    expect(code).toBe(3);
    expect(stderr).toContain('does not name a backup');
    expect(cluster.baseOf('ch-1a')).toMatch(/^FULL_/);
  });

  test('with a state file that cannot be read ends alone', async ({ cluster }) => {
    await cluster.run('create-full', three);
    cluster.makeUnreadable('.ch-2a_last_backup');
    const { code, stderr } = await cluster.run('create-diff', three);
    expect(code).toBe(3);
    expect(stderr).toMatch(/ch-2a\|ch-2b ::::\[ERROR\] cannot read \S+ch-2a_last_backup/);
    expect(cluster.baseOf('ch-1a')).toMatch(/^FULL_/);
  });

  test('whose lock is held delays only itself', async ({ cluster }) => {
    cluster.locks.set(`${cluster.logDir}/.ch-2b_lock`, '{}');
    const { code, stderr } = await cluster.run('create-full', three, '--wait', '5m');
    expect(code).toBe(3);
    expect(stderr).toContain('failed: ch-2a|ch-2b (busy, exit 11)');
    expect(cluster.requests('ch-2a', posts)).toEqual([]);
    expect(cluster.lastBackup('ch-3a')).toMatch(/^FULL_/);
  });
});

describe('a replica that cannot be used', () => {
  test.for(['dead', 'hung'] as const)(
    'is replaced by the next one (%s)',
    async (how, { cluster }) => {
      await cluster.run('create-full', three);
      const base = cluster.lastBackup('ch-2a');
      if (how === 'dead') cluster.dead.add('ch-2a');
      else cluster.at('ch-2a').hang = true;
      const before = cluster.requests('ch-2a', posts).length;
      const { code, stderr } = await cluster.run('create-diff', three);
      expect(code).toBe(0);
      expect(stderr).toMatch(
        /ch-2a\|ch-2b \[WARNING\] using the replica ch-2b: .*ch-2a does not answer/,
      );
      expect(cluster.baseOf('ch-2a')).toBe(base);
      expect(cluster.requests('ch-2b', /diff-from-remote/)).toHaveLength(1);
      expect(cluster.requests('ch-2a', posts)).toHaveLength(before);
      // The next increment stays on the replica that made the last one.
      cluster.dead.clear();
      cluster.at('ch-2a').hang = false;
      const next = await cluster.run('create-diff', three);
      expect(next.stderr).not.toContain('[WARNING]');
      expect(cluster.requests('ch-2b', /diff-from=/)).toHaveLength(1);
      // A full backup returns to the first one.
      await cluster.run('create-full', three);
      expect(cluster.requests('ch-2b', posts)).toHaveLength(4);
    },
  );

  test('leads to a full upload below 2.7.0, with a warning', async ({ cluster }) => {
    cluster.addShard(['old-a', 'old-b'], { version: '2.6.30' });
    await cluster.run('create-full', 'old-{a|b}');
    cluster.dead.add('old-a');
    const { code, stderr } = await cluster.run('create-diff', 'old-{a|b}');
    expect(code).toBe(0);
    expect(stderr).toContain('this backup is uploaded in full');
    expect(cluster.baseOf('old-a')).toBe('');
  });

  test('is named with the tables that are not replicated', async ({ cluster }) => {
    await cluster.run('create-full', three);
    cluster.dead.add('ch-1a');
    const { stdout, stderr } = await cluster.run('create-diff', three, '--json');
    expect(stderr).toContain(
      'the backup will contain the rows that ch-1b has of tables that are not replicated: shop.customers, shop.orders',
    );
    expect(JSON.parse(stdout)).toMatchObject({
      shards: [{ host: 'ch-1b', notReplicated: ['shop.customers', 'shop.orders'] }, {}, {}],
    });
    const status = JSON.parse(cluster.file('.ch-1a_status.json') ?? '') as {
      lastSuccess: { DIFF: { replica: string; notReplicated: string[] } };
    };
    expect(status.lastSuccess.DIFF).toMatchObject({ replica: 'ch-1b' });
  });

  test.for([{ what: 'wrong credentials', options: { password: 'another' }, code: 12 }])(
    'is not replaced for $what',
    async ({ options, code }, { cluster }) => {
      cluster.addShard(['x-a'], options);
      cluster.addShard(['x-b']);
      const result = await cluster.run('create-full', 'x-{a|b}');
      expect(result.code).toBe(code);
      expect(cluster.requests('x-b')).toEqual([]);
    },
  );

  test('leaves no files if it is new and none can be used', async ({ cluster }) => {
    cluster.dead.add('ch-1a').add('ch-1b');
    expect((await cluster.run('create-full', 'ch-1{a|b}')).code).toBe(13);
    expect(cluster.files).toEqual([]);
  });
});

describe('the files of a shard', () => {
  test('are those of a single host that becomes a replica', async ({ cluster }) => {
    await cluster.run('create-full', 'ch-1b');
    const base = cluster.lastBackup('ch-1b');
    const { code, stderr } = await cluster.run('create-diff', 'ch-1a|ch-1b');
    expect(code).toBe(0);
    expect(stderr).not.toContain('[WARNING]');
    expect(cluster.baseOf('ch-1b')).toBe(base);
    expect(cluster.lastBackup('ch-1a')).toBeUndefined();
  });

  test('are found when the order of the replicas changes', async ({ cluster }) => {
    await cluster.run('create-full', 'ch-1a|ch-1b');
    const base = cluster.lastBackup('ch-1a');
    const { code } = await cluster.run('create-diff', 'ch-1b|ch-1a');
    expect(code).toBe(0);
    expect(cluster.baseOf('ch-1a')).toBe(base);
    // The base is on the disk of the first one only.
    expect(cluster.requests('ch-1b', posts)).toEqual([]);
  });

  test('show who made the base even if the status file is lost', async ({ cluster }) => {
    cluster.addShard(['old-a', 'old-b'], { version: '2.6.30' });
    await cluster.run('create-full', 'old-a|old-b');
    cluster.writeFile('.old-a_status.json', '');
    const base = cluster.lastBackup('old-a');
    expect((await cluster.run('create-diff', 'old-b|old-a')).code).toBe(0);
    expect(cluster.baseOf('old-a')).toBe(base);
  });

  test('are those with the newest last backup if several replicas have files', async ({
    cluster,
  }) => {
    await cluster.run('create-full', 'ch-1a');
    await cluster.clock.sleep(minute);
    await cluster.run('create-full', 'ch-1b');
    const newest = cluster.lastBackup('ch-1b');
    const { code, stderr } = await cluster.run('create-diff', 'ch-1a|ch-1b');
    expect(code).toBe(0);
    expect(stderr).toContain('those of ch-1b are used, because its last backup is the newest');
    expect(cluster.baseOf('ch-1b')).toBe(newest);
  });

  test('are locked under the names of all replicas', async ({ cluster }) => {
    const running = cluster.start('create-full', 'ch-1b|ch-1a');
    await cluster.clock.sleep(second);
    expect([...cluster.locks.keys()].map((file) => file.split('/').at(-1))).toEqual(
      expect.arrayContaining(['.ch-1a_lock', '.ch-1b_lock']),
    );
    expect((await running.done).code).toBe(0);
  });
});

describe('an interrupted run', () => {
  test('is recovered by its own replica', async ({ cluster }) => {
    cluster.addShard(['r-a', 'r-b'], { workMs: { upload: 10 * minute } });
    const running = cluster.start('create-full', 'r-{a|b}');
    cluster.at('r-a');
    await cluster.clock.sleep(30 * second);
    running.signal('SIGTERM');
    expect((await running.done).code).toBe(143);
    const { code, stderr } = await cluster.run('create-diff', 'r-{b|a}');
    expect(code).toBe(0);
    expect(stderr).toContain('has now been verified and recorded');
    expect(cluster.baseOf('r-a')).toMatch(/^FULL_/);
  });

  test('of an earlier version is recovered by the host after which its files are named', async ({
    cluster,
  }) => {
    cluster.addShard(['r-a', 'r-b'], { workMs: { upload: 10 * minute } });
    const running = cluster.start('create-full', 'r-a');
    await cluster.clock.sleep(30 * second);
    running.signal('SIGTERM');
    await running.done;
    const { replica: _, ...journal } = JSON.parse(cluster.file('.r-a_run.json') ?? '') as {
      replica: string;
    };
    cluster.writeFile('.r-a_run.json', JSON.stringify(journal));
    const { code, stderr } = await cluster.run('create-full', 'r-{b|a}');
    expect(code).toBe(0);
    expect(stderr).toContain('has now been verified and recorded');
  });

  test('is continued by the replica that made its backup', async ({ cluster }) => {
    cluster.addShard(['r-a', 'r-b'], { version: '2.6.30', workMs: { upload: 10 * minute } });
    cluster.dead.add('r-a');
    const running = cluster.start('create-full', 'r-{a|b}');
    // The first replica is given up only after the connect timeout.
    await cluster.clock.sleep(5 * minute);
    running.signal('SIGTERM');
    expect((await running.done).code).toBe(143);
    cluster.dead.clear();
    const { code, stderr } = await cluster.run('create-diff', 'r-{a|b}');
    expect(code).toBe(0);
    expect(stderr).not.toContain('this backup is uploaded in full');
    expect(cluster.baseOf('r-a')).toMatch(/^FULL_/);
    expect(cluster.requests('r-a', posts)).toEqual([]);
  });

  test('is recorded by another replica if its backup is complete', async ({ cluster }) => {
    cluster.addShard(['r-a', 'r-b'], { workMs: { upload: 10 * minute } });
    const running = cluster.start('create-full', 'r-{a|b}');
    await cluster.clock.sleep(30 * second);
    running.signal('SIGTERM');
    await running.done;
    await cluster.clock.sleep(20 * minute);
    cluster.at('r-a').finishDueWork();
    cluster.dead.add('r-a');
    const { code, stderr } = await cluster.run('create-diff', 'r-{a|b}');
    expect(code).toBe(0);
    expect(stderr).toContain('has now been verified and recorded');
    expect(cluster.baseOf('r-a')).toMatch(/^FULL_/);
  });

  test('is left open by another replica if its upload may still be in progress', async ({
    cluster,
  }) => {
    cluster.addShard(['r-a', 'r-b'], { workMs: { upload: 2 * 60 * minute } });
    const running = cluster.start('create-full', 'r-{a|b}');
    await cluster.clock.sleep(30 * second);
    running.signal('SIGTERM');
    await running.done;
    cluster.dead.add('r-a');
    const { code, stderr } = await cluster.run('create-diff', 'r-{a|b}');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /it is unknown whether backup FULL_\S+ of the previous run is complete: the replica r-a, which was working on it, cannot be used; the backup is not used as a base/,
    );
    expect(stderr).not.toContain('failed');
    expect(cluster.baseOf('r-a')).toBe('');
  });
});

test('--parallel limits the uploads, not the creates', async ({ cluster }) => {
  const hosts = ['p-1', 'p-2', 'p-3', 'p-4'];
  for (const host of hosts)
    cluster.addShard([host], { workMs: { create: minute, upload: 10 * minute } });
  const startMs = cluster.clock.elapsed();
  const { code } = await cluster.run('create-full', hosts.join(','), '--parallel', '2');
  expect(code).toBe(0);
  const tookMs = cluster.clock.elapsed() - startMs;
  expect(tookMs).toBeGreaterThanOrEqual(21 * minute);
  expect(tookMs).toBeLessThan(24 * minute);
  const uploads = hosts.map((host) => {
    return cluster.at(host).requests.find(({ path }) => path.includes('/upload/'))?.atMs ?? 0;
  });
  const earliest = Math.min(...uploads);
  expect(uploads.filter((atMs) => atMs - earliest < minute)).toHaveLength(2);
});

test('many shards are polled less often, without warnings of Node', async ({ cluster }) => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on('warning', onWarning);
  const hosts = Array.from({ length: 100 }, (_, at) => `m-${at}`);
  for (const host of hosts) cluster.addShard([host], { workMs: { upload: 5 * second } });
  const { code } = await cluster.run('create-full', hosts.join(','));
  expect(code).toBe(0);
  const { requests } = cluster.at('m-50');
  const from = requests.findIndex(({ path }) => path.startsWith('/backup/upload/'));
  const polls = requests.slice(from).filter(({ path }) => path.includes('?filter=FULL_'));
  const pauses = polls.slice(1).map(({ atMs }, at) => atMs - (polls[at]?.atMs ?? 0));
  expect(pauses.filter((ms) => ms === 500).length).toBeGreaterThan(5);
  expect(pauses.filter((ms) => ms < 500)).toEqual([]);
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});

test('a signal ends the wait of all shards at once', async ({ cluster }) => {
  const hosts = ['s-1', 's-2', 's-3'];
  for (const host of hosts) cluster.addShard([host], { workMs: { upload: 60 * minute } });
  const running = cluster.start('create-full', hosts.join(','), '--parallel', '1');
  await cluster.clock.sleep(5 * minute);
  const startMs = cluster.clock.elapsed();
  running.signal('SIGTERM');
  const { code, stderr } = await running.done;
  expect(code).toBe(143);
  expect(cluster.clock.elapsed()).toBe(startMs);
  expect(stderr.match(/stopped by SIGTERM/g)).toHaveLength(4);
  expect(stderr).toMatch(
    /\[ERROR\] stopped by SIGTERM; 0 of 3 shards are backed up; the outcome of 3 shards is unknown, and the next run will check\n$/,
  );
});

describe('a signal after some shards are done', () => {
  const uploading = (cluster: ClusterHarness) => {
    cluster.addShard(['done']);
    cluster.addShard(['slow'], { workMs: { upload: 60 * minute } });
    cluster.addShard(['busy']);
    cluster.at('busy').busyWith('watch', 10 * 60 * minute);
  };
  const codes = [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const;

  test.for(codes)('(%s) leads to exit %s', async ([signal, expected], { cluster }) => {
    uploading(cluster);
    cluster.addShard(['gone']);
    expect((await cluster.run('create-full', 'gone')).code).toBe(0);
    cluster.dead.add('gone');
    const running = cluster.start('create-full', 'done,slow,busy,gone', '--wait', '9h');
    await cluster.clock.sleep(5 * minute);
    running.signal(signal);
    const { code, stderr } = await running.done;
    expect(code).toBe(expected);
    const ends = stderr.split('\n').filter((line) => line.includes('[ERROR] stopped'));
    expect(ends.map((line) => line.replace(/^\S+ \S+ /, ''))).toEqual([
      `busy ::::[ERROR] stopped by ${signal}; nothing was created`,
      `slow ::::[ERROR] stopped by ${signal}; the server may still be working`,
      `::::[ERROR] stopped by ${signal}; 1 of 4 shards is backed up; nothing was created in 1 shard; the outcome of 1 shard is unknown, and the next run will check; failed: gone (unreachable, exit 13)`,
    ]);
    expect(stderr).not.toMatch(/busy \[INFO\] the outcome/);
    expect(cluster.file('.busy_run.json')).toBeUndefined();
    expect(cluster.lastBackup('done')).toMatch(/^FULL_/);
  });

  test('is in the exit codes of the JSON too', async ({ cluster }) => {
    uploading(cluster);
    const running = cluster.start('create-full', 'done,slow,busy', '--wait', '9h', '--json');
    await cluster.clock.sleep(5 * minute);
    running.signal('SIGTERM');
    const { code, stdout, stderr } = await running.done;
    const result = JSON.parse(stdout) as { complete: boolean; shards: { exitCode: number }[] };
    expect([code, result.complete]).toEqual([143, false]);
    expect(result.shards.map(({ exitCode }) => exitCode)).toEqual([0, 143, 143]);
    expect(JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ exitCode: 143 });
  });
});

describe('list', () => {
  test('shows each shard, by its first replica that can be used', async ({ cluster }) => {
    await cluster.run('create-full', three);
    cluster.dead.add('ch-2a');
    const { code, stdout, stderr } = await cluster.run('list', three, '--location', 'remote');
    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => line.startsWith('ch-'))).toEqual([
      'ch-1a|ch-1b',
      'ch-2a|ch-2b',
      'ch-3a|ch-3b',
    ]);
    expect(stdout.match(/remote: 1 backup/g)).toHaveLength(3);
    expect(stderr).toContain('using the replica ch-2b');
  });

  test('uses the next replica if ClickHouse goes down after the check', async ({ cluster }) => {
    // This version answers with an error then, and lists only when it is idle.
    cluster.addShard(['y-a', 'y-b'], { version: '2.4.0' });
    await cluster.run('create-full', 'y-a|y-b');
    cluster.at('y-a').busyWith('watch', 5 * minute);
    const running = cluster.start('list', 'y-a|y-b');
    await cluster.clock.sleep(minute);
    cluster.at('y-a').clickHouseDown = true;
    const { code, stdout, stderr } = await running.done;
    expect(code).toBe(0);
    expect(cluster.requests('y-a', /list/).at(-1)).toBe('GET /backup/list');
    expect(stderr).toContain('using the replica y-b: ClickHouse behind y-a does not answer');
    expect(stdout).toContain('remote: 1 backup');
  });

  test('says whose local copies it shows, and leaves a line between shards', async ({
    cluster,
  }) => {
    await cluster.run('create-full', three);
    cluster.dead.add('ch-2a');
    cluster.addShard(['alone']);
    const { stdout } = await cluster.run('list', `${three},alone`);
    const headings = stdout.split('\n').filter((line) => /^(ch-|alone)/.test(line));
    expect(headings).toEqual([
      'ch-1a|ch-1b (local copies of ch-1a)',
      'ch-2a|ch-2b (local copies of ch-2b)',
      'ch-3a|ch-3b (local copies of ch-3a)',
      'alone',
    ]);
    expect(stdout.match(/\n\n(ch-|alone)/g)).toHaveLength(3);
    expect(stdout).toMatch(/^ch-1a/);
  });

  test('prints one JSON object, and exits with 3 if a shard cannot be listed', async ({
    cluster,
  }) => {
    await cluster.run('create-full', three);
    cluster.dead.add('ch-2a').add('ch-2b');
    const { code, stdout } = await cluster.run('list', three, '--json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      command: 'list',
      complete: false,
      shards: [
        { shard: 'ch-1a|ch-1b', host: 'ch-1a', lastBackup: cluster.lastBackup('ch-1a') },
        { shard: 'ch-2a|ch-2b', exitCode: 13 },
        { shard: 'ch-3a|ch-3b', host: 'ch-3a' },
      ],
    });
  });
});

describe('hosts that the shell has expanded', () => {
  test.for([
    ['create-full', 'ch-1', 'ch-2', 'ch-3'],
    ['create-full', 'ch-1', 'ch-2', 'ch-3', 'ch-4'],
    ['create-full', 'ch-eu', 'ch-us', 'rlAPIuser', 'geheim'],
    ['list', 'ch-1a', 'ch-1b'],
  ])('are explained: %s', async (argv, { cluster }) => {
    const { code, stderr } = await cluster.runRaw(argv);
    expect(code).toBe(2);
    expect(stderr).toContain(
      "(put the hosts in quotes, as in 'ch-{1..3}'; if the second one is the user, give it as CHBACKUP_USER)",
    );
    expect(cluster.files).toEqual([]);
  });
});

test('an error in the notation points at its place and repeats nothing', async ({ cluster }) => {
  const { code, stderr } = await cluster.run('create-full', 'geheim-{1..3');
  expect(code).toBe(2);
  expect(stderr).toMatch(/the host list is not valid at character \d+: .*put the host in quotes/);
  expect(stderr).not.toContain('geheim');
});

test('--if-older-than does only what failed', async ({ cluster }) => {
  cluster.at('ch-2a').failNext('upload', 'disk full');
  expect((await cluster.run('create-full', three)).code).toBe(3);
  await cluster.clock.sleep(10 * minute);
  const before = cluster.requests('ch-1a').length;
  const { code, stdout } = await cluster.run(
    'create-full',
    three,
    ...['--if-older-than', '1h', '--json'],
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    complete: true,
    shards: [{ skipped: true }, { skipped: false, host: 'ch-2a' }, { skipped: true }],
  });
  expect(cluster.requests('ch-1a')).toHaveLength(before);
});

describe('the last line', () => {
  const repeat = ['--if-older-than', '1h'];

  test('says how many shards needed no backup', async ({ cluster }) => {
    cluster.at('ch-2a').failNext('upload', 'disk full');
    await cluster.run('create-full', three);
    const again = await cluster.run('create-full', three, ...repeat);
    expect(again.stderr).toMatch(/\[INFO\] all 3 shards are backed up \(2 were recent enough\)\n$/);
    const third = await cluster.run('create-full', three, ...repeat);
    expect(third.stderr).toMatch(/ all 3 shards are backed up \(3 were recent enough\)\n$/);
  });

  test('counts them among the good ones if another shard fails', async ({ cluster }) => {
    await cluster.run('create-full', 'ch-1{a|b}');
    cluster.addShard(['x-a'], { password: 'another' });
    const { code, stderr } = await cluster.run('create-full', 'ch-1{a|b},x-a', ...repeat);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      / 1 of 2 shards is backed up \(1 was recent enough\); failed: x-a \(credentials rejected, exit 12\)\n$/,
    );
  });

  test('of one shard does not count', async ({ cluster }) => {
    const { stderr } = await cluster.run('create-full', 'ch-1{a|b}');
    expect(stderr).toMatch(/\[INFO\] the shard is backed up\n$/);
  });
});

test('a password in the place of the hosts is not shown', async ({ cluster }) => {
  // Swapped arguments: the text is a valid notation of two hosts that do not exist.
  const { code, stdout, stderr, titles } = await cluster.runRaw([
    ...['create-full', 'geheim,streng', 'user', 'ch1', '--json'],
  ]);
  expect(code).not.toBe(0);
  for (const text of [stdout, stderr, ...titles]) expect(text).not.toMatch(/geheim|streng/);
  expect(cluster.files).toEqual([]);
});

test('--binary works on one host', async ({ cluster }) => {
  const { code, stderr } = await cluster.runRaw(['list', three, '--binary']);
  expect(code).toBe(2);
  expect(stderr).toContain('--binary works on one host, and several were given');
});

test('restore-table works on one host', async ({ cluster }) => {
  const { code, stderr } = await cluster.run('restore-table', three);
  expect(code).toBe(2);
  expect(stderr).toContain('(');
  expect(cluster.requests('ch-1a')).toEqual([]);
});

describe('two shards with one path on the remote storage', () => {
  test('are named in a warning of create-diff', async ({ cluster }) => {
    cluster.addShard(['q-1', 'q-2']);
    await cluster.run('create-full', 'q-1,q-2');
    const { code, stderr } = await cluster.run('create-diff', 'q-1,q-2');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      new RegExp(
        `q-1 \\[WARNING\\] q-1 and q-2 have the same path on the remote storage, because backup FULL_CH_BK_\\S+, the last backup of q-2, is on the remote storage of q-1; if they are replicas of one shard, write q-1\\|q-2`,
      ),
    );
  });

  test('are not warned about if they are the replicas of one', async ({ cluster }) => {
    await cluster.run('create-full', 'ch-1a');
    await cluster.run('create-full', 'ch-1b');
    const { stderr } = await cluster.run('create-diff', 'ch-1{a|b}');
    expect(stderr).not.toContain('the same path');
  });
});
