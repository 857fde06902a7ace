import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { makeChain } from './make-chain.js';
import { onEachServer } from './on-each-server.js';

const kept = 'not a backup: only --name deletes it';

onEachServer('files and folders beside the backups', (test) => {
  test('only --name selects them, and they do not prevent any deletion', async ({ stack }) => {
    const { api, storage } = stack;
    const chain = await makeChain(stack);
    // Of two names with the same second, the one with the suffix `_2` would count as newer.
    await sleep(1100);
    expect((await stack.run('create-full')).exitCode).toBe(0);
    const last = stack.lastBackup() ?? '';
    const foreign = ['README.txt', 'pg_dumps/monday.sql.gz', 'old dumps/sunday.sql.gz'];
    for (const file of foreign) storage.put(`shard1/${file}`);

    const list = await stack.run('list');
    expect(list.stdout).toContain('remote: 4 backups, 3 other entries');
    expect(list.stdout).toMatch(/pg_dumps .*not a backup: it has no metadata\.json/);

    const keep = await stack.run('delete-remote', '--keep', '1', '--yes', '--verbose');
    expect(keep.exitCode).toBe(0);
    expect(keep.stdout).toMatch(new RegExp(`^keep +README.txt +${kept}$`, 'm'));
    expect(keep.stderr).not.toContain('WARNING');
    const names = (await api.list('remote')).map(({ name }) => name);
    expect(names.toSorted()).toEqual([last, 'README.txt', 'old dumps', 'pg_dumps'].toSorted());

    const broken = await stack.run('delete-remote', '--broken', '--yes');
    expect(broken.exitCode).toBe(0);
    const all = await stack.run('delete-remote', '--all', '--yes');
    expect(all.exitCode).toBe(0);
    expect(storage.list('shard1/').filter((file) => !file.includes('.clickhouse'))).toEqual(
      foreign.map((file) => `shard1/${file}`).toSorted(),
    );
    expect(chain).toHaveLength(3);
  });

  test("--name deletes a folder; for a file, it fails with the server's error", async ({
    stack,
  }) => {
    const { storage } = stack;
    await makeChain(stack);
    for (const file of ['README.txt', '-x/1', '.y/1', 'old dumps/1']) storage.put(`shard1/${file}`);
    for (const name of ['-x', '.y']) {
      const { exitCode } = await stack.run('delete-remote', `--name=${name}`, '--yes');
      expect(exitCode).toBe(0);
    }
    const file = await stack.run('delete-remote', '--name', 'README.txt', '--yes');
    expect(file.exitCode).toBe(1);
    expect(file.stderr).toMatch(/Not a directory|'README.txt' is not found on remote storage/);
    const space = await stack.run('delete-remote', '--name', 'old dumps', '--yes');
    expect(space.exitCode).toBe(2);
    expect(space.stderr).toContain('clickhouse-backup cannot delete an entry named "old dumps"');
    expect(storage.list('shard1/').filter((path) => !path.includes('_CH_BK_'))).toEqual([
      'shard1/README.txt',
      'shard1/old dumps/1',
    ]);
  });
});
