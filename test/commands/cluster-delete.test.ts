import { stripVTControlCharacters } from 'node:util';
import { beforeEach, describe, expect } from 'vitest';
import { type ClusterHarness, test } from '../support/cluster-harness.js';
import { diff2, diff3, diff6, full1, full5, weeks } from '../support/weeks.js';

const second = 1000;
const minute = 60 * second;
const three = 'ch-{1..3}{a|b}';
const shards = [1, 2, 3] as const;
const hosts = shards.flatMap((shard) => [`ch-${shard}a`, `ch-${shard}b`]);
const keepTwo = ['--keep', '2', '--yes'];

/** Adds two chains and a foreign backup; those of one shard are on the storage of all its replicas. */
function addWeeks(cluster: ClusterHarness, host: string, at: 'local' | 'remote' = 'remote'): void {
  for (const [day, { name, required }] of weeks.entries()) {
    const createdMs = Date.parse('2026-11-01T20:30:00') + day * 24 * 60 * minute;
    const more = at === 'remote' ? { required, uploadedMs: createdMs } : { required: '' };
    cluster.at(host).addBackup(at, { name, createdMs, ...more });
  }
}

const remoteOf = (cluster: ClusterHarness, host: string) => [...cluster.at(host).remote.keys()];
const localOf = (cluster: ClusterHarness, host: string) => [...cluster.at(host).local.keys()];
const deletesOf = (cluster: ClusterHarness, host: string) =>
  cluster.requests(host, /^POST \/backup\/delete/).length;
const allDeletes = (cluster: ClusterHarness) =>
  hosts.reduce((sum, host) => sum + deletesOf(cluster, host), 0);

/** The plans, and what is deleted and kept, without the columns. */
const linesOf = (text: string, pattern: RegExp) =>
  text.split('\n').filter((line) => pattern.test(line));

/** A backup that another server is uploading. */
const uploading = 'FULL_CH_BK_2026-11-21_20-30-00';

const kept = ['before-the-migration', full5, diff6];

describe('delete-remote', () => {
  beforeEach<{ cluster: ClusterHarness }>(({ cluster }) => {
    for (const shard of shards) addWeeks(cluster, `ch-${shard}a`);
  });

  test('deletes in all shards by one plan each, on the first replicas', async ({ cluster }) => {
    const { code, stdout, stderr } = await cluster.run('delete-remote', three, ...keepTwo);
    expect(code).toBe(0);
    for (const shard of shards) {
      expect(remoteOf(cluster, `ch-${shard}a`)).toEqual(kept);
      expect(deletesOf(cluster, `ch-${shard}a`)).toBe(3);
      expect(deletesOf(cluster, `ch-${shard}b`)).toBe(0);
      expect(stderr).toContain(`ch-${shard}a|ch-${shard}b [INFO] deleted 3 remote backups\n`);
    }
    expect(linesOf(stdout, /^(ch-|plan)/)).toEqual([
      'ch-1a|ch-1b',
      'plan: keep 3, delete 3 remote backups of ch-1a|ch-1b and free 8.1 MiB',
      'ch-2a|ch-2b',
      'plan: keep 3, delete 3 remote backups of ch-2a|ch-2b and free 8.1 MiB',
      'ch-3a|ch-3b',
      'plan: keep 3, delete 3 remote backups of ch-3a|ch-3b and free 8.1 MiB',
      'plan: keep 9, delete 9 remote backups of 3 shards and free 24.3 MiB',
    ]);
    expect(stderr).toContain('[INFO] deleted 9 remote backups of 3 shards\n');
    expect(stderr).not.toContain('[WARNING]');
    // Each shard has the files of one host.
    expect(
      cluster.files.filter((file) => file.includes('ch-1b') && !file.endsWith('_lock')),
    ).toEqual([]);
  });

  test('asks one question for all shards, after all plans', async ({ cluster }) => {
    cluster.typed = 'yes\n';
    const { code, stderr } = await cluster.run('delete-remote', three, '--keep', '2');
    expect(code).toBe(0);
    expect(stderr.match(/Type 'yes' to continue/g)).toHaveLength(1);
    expect(stderr).toContain('Delete 9 remote backups of 3 shards and free 24.3 MiB?');
    expect(allDeletes(cluster)).toBe(9);
  });

  test('names the only shard that has anything to delete', async ({ cluster }) => {
    for (const shard of [1, 2]) {
      for (const name of [full1, diff2, diff3]) cluster.at(`ch-${shard}a`).remote.delete(name);
    }
    cluster.typed = 'yes\n';
    const { code, stderr } = await cluster.run('delete-remote', three, '--keep', '2');
    expect(code).toBe(0);
    expect(stderr).toContain('Delete 3 remote backups of ch-3a|ch-3b and free 8.1 MiB?');
    expect(stripVTControlCharacters(stderr)).toContain(
      'ch-1a|ch-1b [INFO] there is nothing to delete',
    );
  });

  test('asks nothing if there is nothing to delete', async ({ cluster }) => {
    await cluster.run('delete-remote', three, ...keepTwo);
    const { code, stderr } = await cluster.run('delete-remote', three, '--keep', '2');
    expect(code).toBe(0);
    expect(stderr).toMatch(/\n[^|]+\[INFO\] there is nothing to delete\n$/);
  });

  test.for([
    { typed: 'no\n', code: 1, text: 'nothing was deleted: the answer was not yes' },
    { typed: undefined, code: 2, text: 'nothing was deleted: cannot ask for confirmation' },
  ])('deletes nothing after $typed: exit $code', async ({ typed, code, text }, { cluster }) => {
    cluster.typed = typed;
    const result = await cluster.run('delete-remote', three, '--all');
    expect(result.code).toBe(code);
    // Said once, not by each shard.
    expect(result.stderr.split(text)).toHaveLength(2);
    expect(result.stdout).toContain('plan: keep 0, delete 18 remote backups of 3 shards');
    expect(allDeletes(cluster)).toBe(0);
  });

  test('only shows the plans with --dry-run', async ({ cluster }) => {
    const { code, stdout, stderr } = await cluster.run(
      ...(['delete-remote', three, '--keep', '2', '--dry-run'] as const),
    );
    expect(code).toBe(0);
    expect(stdout).toContain('plan: keep 9, delete 9 remote backups of 3 shards');
    expect(stderr).toContain(
      '[INFO] --dry-run: would delete 9 remote backups of 3 shards and free 24.3 MiB; nothing was deleted',
    );
    expect(allDeletes(cluster)).toBe(0);
    expect(cluster.files).toEqual([]);
  });

  test('prints one JSON object', async ({ cluster }) => {
    cluster.dead.add('ch-2a').add('ch-2b');
    const { code, stdout } = await cluster.run('delete-remote', three, ...keepTwo, '--json');
    expect(code).toBe(3);
    const json = JSON.parse(stdout) as { shards: Record<string, unknown>[] };
    expect(json).toMatchObject({
      command: 'delete-remote',
      complete: false,
      shards: [
        { shard: 'ch-1a|ch-1b', host: 'ch-1a', exitCode: 0, error: null, dryRun: false },
        { shard: 'ch-2a|ch-2b', exitCode: 13, deleted: [], failed: [] },
        { shard: 'ch-3a|ch-3b', host: 'ch-3a', deleted: [diff3, diff2, full1], failed: [] },
      ],
    });
    expect(json.shards[0]?.['plan']).toHaveLength(6);
  });

  test('never asks with --json', async ({ cluster }) => {
    cluster.typed = 'yes\n';
    const { code, stdout } = await cluster.run('delete-remote', three, '--all', '--json');
    expect(code).toBe(2);
    const shard = { exitCode: 2, deleted: [], plan: weeks.map(({ name }) => ({ name })) };
    expect(JSON.parse(stdout)).toMatchObject({ complete: false, shards: [shard, shard, shard] });
    expect(allDeletes(cluster)).toBe(0);
  });

  test('deletes in the other shards if one has no plan: exit 3', async ({ cluster }) => {
    cluster.at('ch-2a').remote.delete(diff6);
    const { code, stderr } = await cluster.run('delete-remote', three, '--name', diff6, '--yes');
    expect(code).toBe(3);
    expect(stderr).toContain(
      `ch-2a|ch-2b ::::[ERROR] nothing was deleted: backup ${diff6} is not on the remote storage`,
    );
    expect(stderr).toContain('2 of 3 shards are done; failed: ch-2a|ch-2b (not found, exit 10)');
    expect(remoteOf(cluster, 'ch-3a')).not.toContain(diff6);
  });

  test('exits with the code that all shards share', async ({ cluster }) => {
    const { code, stdout } = await cluster.run('delete-remote', three, '--name', full1, '--yes');
    expect(code).toBe(1);
    // The refused plans are shown.
    expect(linesOf(stdout, /delete nothing$/)).toHaveLength(4);
    expect(allDeletes(cluster)).toBe(0);
  });

  test('goes on in the other shards if a delete fails', async ({ cluster }) => {
    cluster.at('ch-1a').failNext('delete', 'disk on fire');
    const { code, stderr } = await cluster.run('delete-remote', three, ...keepTwo);
    expect(code).toBe(3);
    expect(stderr).toMatch(/ch-1a\|ch-1b \[WARNING\] backup \S+ was not deleted: disk on fire/);
    expect(remoteOf(cluster, 'ch-2a')).toEqual(kept);
    expect(remoteOf(cluster, 'ch-3a')).toEqual(kept);
  });

  test('deletes nothing after a signal while it makes its plans', async ({ cluster }) => {
    cluster.at('ch-3a').addBackup('remote', { name: 'entry', broken: 'broken (x)' });
    const running = cluster.start('delete-remote', three, '--broken', '--yes');
    await cluster.clock.sleep(minute);
    running.signal('SIGTERM');
    const { code, stderr } = await running.done;
    expect(code).toBe(143);
    expect(stderr).toContain('stopped by SIGTERM; nothing was deleted');
    expect(allDeletes(cluster)).toBe(0);
  });
});

describe('a replica', () => {
  beforeEach<{ cluster: ClusterHarness }>(({ cluster }) => {
    for (const shard of shards) addWeeks(cluster, `ch-${shard}a`);
  });

  const selections = [
    { selection: ['--all'], option: '--all' },
    { selection: ['--name', diff6], option: '--name' },
    { selection: ['--broken'], option: '--broken' },
  ];

  test.for(selections.flatMap((each) => ['ch-2a', 'ch-2b'].map((dead) => ({ ...each, dead }))))(
    '$dead that is dead is required by $option',
    async ({ selection, option, dead }, { cluster }) => {
      cluster.at('ch-2a').addBackup('remote', { name: 'entry', broken: 'broken (x)' });
      cluster.dead.add(dead);
      const { code, stderr } = await cluster.run('delete-remote', three, ...selection, '--yes');
      expect(code).toBe(3);
      expect(stderr).toContain(
        `ch-2a|ch-2b ::::[ERROR] nothing was deleted: ${dead} does not answer`,
      );
      expect(stderr).toContain(`${option} requires every replica of a shard`);
      expect(stderr).toContain('failed: ch-2a|ch-2b (unreachable, exit 13)');
      expect(deletesOf(cluster, 'ch-2a') + deletesOf(cluster, 'ch-2b')).toBe(0);
      expect(deletesOf(cluster, 'ch-1a') > 0).toBe(option !== '--broken');
    },
  );

  test.for(
    [
      ['--keep', '2'],
      ['--older-than', '18d'],
    ].flatMap((selection) => [
      { selection, option: selection[0], dead: 'ch-2a', used: 'ch-2b' },
      { selection, option: selection[0], dead: 'ch-2b', used: 'ch-2a' },
    ]),
  )('$dead that is dead is not required by $option', async (given, { cluster }) => {
    const { selection, dead, used } = given;
    cluster.dead.add(dead);
    const { code, stdout, stderr } = await cluster.run(
      ...(['delete-remote', three, ...selection, '--yes', '--json'] as const),
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ complete: true, shards: [{}, { host: used }, {}] });
    expect(stderr).toContain(
      `cannot find out whether the replica ${dead} is uploading: ${dead} does not answer`,
    );
    expect(stderr.includes('using the replica ch-2b')).toBe(dead === 'ch-2a');
    expect(remoteOf(cluster, used)).toEqual(kept);
    expect(deletesOf(cluster, used)).toBe(3);
    expect(deletesOf(cluster, dead)).toBe(0);
  });

  test('whose ClickHouse hangs is asked only once', async ({ cluster }) => {
    cluster.at('ch-2a').hang = true;
    const { code, stderr } = await cluster.run('delete-remote', three, '--keep', '2', '--yes');
    expect(code).toBe(0);
    expect(stderr).toContain(
      'cannot find out whether the replica ch-2a is uploading: ClickHouse behind ch-2a does not',
    );
    expect(cluster.requests('ch-2a', /nosuch/)).toHaveLength(1);
  });

  test.for([['--broken'], ['--all'], ['--name', uploading], ['--keep', '2']])(
    'that uploads is not disturbed by %j',
    async (selection, { cluster }) => {
      // What another server uploads looks broken in every list, once its first file is there.
      if (selection[0] !== '--keep') {
        cluster.at('ch-2a').addBackup('remote', { name: uploading, broken: 'broken (x)' });
      }
      cluster.at('ch-2b').busyWith(`upload ${uploading}`, 60 * minute);
      const given = [...selection, '--yes', '--wait', '0'];
      const { code, stderr } = await cluster.run('delete-remote', 'ch-2{a|b}', ...given);
      expect(code).toBe(11);
      expect(stderr).toContain(`ch-2b is busy: \`upload ${uploading}\``);
      expect(deletesOf(cluster, 'ch-2a') + deletesOf(cluster, 'ch-2b')).toBe(0);
    },
  );

  test('that dies after the plan was made is required too', async ({ cluster }) => {
    cluster.at('ch-2a').addBackup('remote', { name: uploading, broken: 'broken (x)' });
    void cluster.clock.sleep(minute).then(() => cluster.dead.add('ch-2b'));
    const { code, stdout, stderr } = await cluster.run(
      ...(['delete-remote', 'ch-2{a|b}', '--broken', '--yes'] as const),
    );
    expect(code).toBe(13);
    expect(stdout).toContain(`delete  ${uploading}  broken`);
    expect(stderr).toContain('nothing was deleted: ch-2b does not answer');
    expect(remoteOf(cluster, 'ch-2a')).toContain(uploading);
  });

  test('is waited for within the --wait of its shard', async ({ cluster }) => {
    cluster.addShard(['y-a', 'y-b', 'y-c']);
    addWeeks(cluster, 'y-a');
    cluster.at('y-b').busyWith('upload A', 4 * minute);
    cluster.at('y-c').busyWith('upload B', 8 * minute);
    const startMs = cluster.clock.elapsed();
    const given = [...keepTwo, '--wait', '5m'];
    const { code, stderr } = await cluster.run('delete-remote', 'y-{a|b|c}', ...given);
    expect(code).toBe(11);
    expect(stderr).toContain('y-c is busy: `upload B`');
    expect(cluster.clock.elapsed() - startMs).toBeLessThan(6 * minute);
    expect(remoteOf(cluster, 'y-a')).toHaveLength(weeks.length);
  });

  test('that uploads is waited for, and its backup is then kept', async ({ cluster }) => {
    const name = uploading;
    const uploaded = cluster.at('ch-2a').addBackup('remote', { name });
    cluster.at('ch-2a').remote.set(name, { ...uploaded, broken: 'broken (x)' });
    cluster.at('ch-2b').busyWith(`upload ${name}`, 10 * minute);
    void cluster.clock.sleep(9 * minute).then(() => cluster.at('ch-2a').remote.set(name, uploaded));
    const { code, stdout, stderr } = await cluster.run('delete-remote', three, '--broken', '--yes');
    expect(code).toBe(0);
    expect(stdout).toContain(`delete  ${name}  broken`);
    expect(stderr).toContain(`backup ${name} was not deleted: not broken`);
    expect(remoteOf(cluster, 'ch-2b')).toContain(name);
    expect(allDeletes(cluster)).toBe(0);
  });

  test('is asked under the locks of the shard', async ({ cluster }) => {
    cluster.locks.set(`${cluster.logDir}/.ch-2b_lock`, '{}');
    const given = ['--keep', '2', '--yes', '--wait', '5m'];
    const { code, stderr } = await cluster.run('delete-remote', three, ...given);
    expect(code).toBe(3);
    expect(stderr).toContain('failed: ch-2a|ch-2b (busy, exit 11)');
    expect(cluster.requests('ch-2b')).toEqual([]);
    expect(remoteOf(cluster, 'ch-2a')).toHaveLength(weeks.length);
    expect(remoteOf(cluster, 'ch-3a')).toEqual(kept);
  });
});

describe('one path for two shards', () => {
  beforeEach<{ cluster: ClusterHarness }>(async ({ cluster }) => {
    cluster.addShard(['x-1', 'x-2']);
    await cluster.run('create-full', 'x-1');
    await cluster.clock.sleep(minute);
    await cluster.run('create-full', 'x-2');
  });

  test('is refused for a cluster, and nothing is deleted in any shard', async ({ cluster }) => {
    addWeeks(cluster, 'ch-1a');
    const { code, stderr } = await cluster.run('delete-remote', 'ch-1a,x-1,x-2', ...keepTwo);
    expect(code).toBe(2);
    expect(stderr).toContain(
      `x-1 ::::[ERROR] nothing was deleted: x-1 and x-2 have the same path on the remote storage, because backup ${cluster.lastBackup('x-2')}, the last backup of x-2,`,
    );
    expect(stderr).toContain('if they are replicas of one shard, write x-1|x-2;');
    expect(stderr).toContain('nothing was deleted in any shard');
    expect(
      deletesOf(cluster, 'ch-1a') + deletesOf(cluster, 'x-1') + deletesOf(cluster, 'x-2'),
    ).toBe(0);
    expect(cluster.lastBackup('x-1')).toMatch(/^FULL/);
  });

  test.for([
    ['--all', '--yes'],
    ['--keep', '1', '--yes'],
    ['--keep', '1', '--dry-run'],
  ])('is refused for a single host with %j', async (given, { cluster }) => {
    const { code, stdout, stderr } = await cluster.run('delete-remote', 'x-2', ...given);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('if they are replicas of one shard, write x-2|x-1');
    expect(deletesOf(cluster, 'x-2')).toBe(0);
    expect(cluster.lastBackup('x-1')).toMatch(/^FULL/);
  });

  test('is refused with the port of the other host', async ({ cluster }) => {
    // Takes over the file of `x-1`, which has no lock file here.
    await cluster.run('create-full', 'x-1:7172');
    const { code, stderr } = await cluster.run('delete-remote', 'x-2', ...keepTwo);
    expect(code).toBe(2);
    expect(stderr).toContain('write x-2|x-1:7172;');
  });

  test('is right for its replicas', async ({ cluster }) => {
    const { code, stderr } = await cluster.run('delete-remote', 'x-1|x-2', '--keep', '1', '--yes');
    expect(code).toBe(0);
    // Both names are last backups.
    expect(stderr).toContain('there is nothing to delete');
  });

  test('does not matter for delete-local', async ({ cluster }) => {
    const { code } = await cluster.run('delete-local', 'x-1,x-2', '--all', '--yes');
    expect(code).toBe(0);
    expect(localOf(cluster, 'x-1')).toEqual([]);
  });

  test('is not concluded from the name of the bash agent, which two hosts may use', async ({
    cluster,
  }) => {
    addWeeks(cluster, 'ch-1a');
    addWeeks(cluster, 'ch-2a');
    cluster.writeFile('.ch-2a_last_backup', diff6);
    const { code } = await cluster.run('delete-remote', 'ch-1a', ...keepTwo);
    expect(code).toBe(0);
    expect(remoteOf(cluster, 'ch-1a')).toEqual(kept);
  });
});

describe('delete-local', () => {
  beforeEach<{ cluster: ClusterHarness }>(({ cluster }) => {
    for (const host of hosts) {
      addWeeks(cluster, host, 'local');
      if (host.endsWith('a')) addWeeks(cluster, host);
    }
  });

  test('works on the disk of every replica', async ({ cluster }) => {
    cluster.at('ch-2b').local.delete(full1);
    cluster.typed = 'yes\n';
    const { code, stdout, stderr } = await cluster.run('delete-local', three, '--keep', '2');
    expect(code).toBe(0);
    expect(linesOf(stdout, /^ch-/)).toEqual(hosts);
    expect(stdout).toContain('plan: keep 3, delete 2 local backups of ch-2b\n');
    expect(stderr).toContain('Delete 17 local backups of 6 replicas?');
    expect(stripVTControlCharacters(stderr)).toContain('ch-2b [INFO] deleted 2 local backups\n');
    for (const host of hosts) expect(localOf(cluster, host)).toEqual(kept);
    // The files of the other replica would look like those of another shard.
    expect(cluster.files.filter((file) => file.includes('b_') && !file.endsWith('_lock'))).toEqual(
      [],
    );
  });

  test('leaves the copies of a replica that cannot be used: exit 3', async ({ cluster }) => {
    cluster.dead.add('ch-2a');
    const { code, stdout, stderr } = await cluster.run(
      ...(['delete-local', three, ...keepTwo, '--json'] as const),
    );
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      command: 'delete-local',
      complete: false,
      shards: [
        { shard: 'ch-1a|ch-1b', host: 'ch-1a', exitCode: 0, deleted: { length: 3 } },
        { shard: 'ch-1a|ch-1b', host: 'ch-1b', exitCode: 0, deleted: { length: 3 } },
        { shard: 'ch-2a|ch-2b', host: 'ch-2a', exitCode: 13, deleted: [] },
        { shard: 'ch-2a|ch-2b', host: 'ch-2b', exitCode: 0, deleted: { length: 3 } },
        { host: 'ch-3a' },
        { host: 'ch-3b' },
      ],
    });
    expect(stderr).toContain('5 of 6 replicas are done; failed: ch-2a (unreachable, exit 13)');
    expect(localOf(cluster, 'ch-2a')).toHaveLength(weeks.length);
    expect(localOf(cluster, 'ch-2b')).toEqual(kept);
  });

  test('records the failure of one replica, and goes on with the others', async ({ cluster }) => {
    cluster.at('ch-1a').failNext('delete', 'disk on fire');
    const { code, stderr } = await cluster.run('delete-local', 'ch-1{a|b}', ...keepTwo);
    expect(code).toBe(3);
    expect(stderr).toMatch(/ch-1a \[WARNING\] backup \S+ was not deleted: disk on fire/);
    expect(localOf(cluster, 'ch-1b')).toEqual(kept);
    const status = JSON.parse(cluster.file('.ch-1a_status.json') ?? '') as {
      lastRuns: Record<string, unknown>;
    };
    expect(status.lastRuns['delete-local']).toMatchObject({ exitCode: 3 });
    expect(cluster.file('ch-1a_backup_ch.log')).toContain('disk on fire');
  });

  test('takes the locks of all replicas of a shard', async ({ cluster }) => {
    cluster.locks.set(`${cluster.logDir}/.ch-1a_lock`, '{}');
    const given = [...keepTwo, '--wait', '5m'];
    const { code, stderr } = await cluster.run('delete-local', three, ...given);
    expect(code).toBe(3);
    expect(stderr).toContain(
      '4 of 6 replicas are done; failed: ch-1a (busy, exit 11), ch-1b (busy, exit 11)',
    );
    expect(localOf(cluster, 'ch-1b')).toHaveLength(weeks.length);
  });
});
