import { expect } from 'vitest';
import { makeChain } from './make-chain.js';
import { onEachServer } from './on-each-server.js';

/** Returns the sorted names: the server lists a diff before a full of the same second. */
const namesOf = (rows: { name: string }[]) => rows.map(({ name }) => name).toSorted();

onEachServer('list and delete', (test) => {
  test('list shows the chain at both locations', async ({ stack }) => {
    const [full, first, second] = await makeChain(stack);
    const { exitCode, stdout } = await stack.run('list');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('remote: 3 backups');
    expect(stdout).toContain('local: 3 backups');
    expect(stdout).toMatch(
      new RegExp(`  ${full} .* full\\n  ${first} .* increment\\n  ${second} .* increment .*last`),
    );

    const json = JSON.parse((await stack.run('list', '--json')).stdout) as {
      lastBackup: string;
      backups: { name: string; location: string; base: string | null; restorable: boolean }[];
    };
    expect(json.lastBackup).toBe(second);
    const remote = json.backups.filter(({ location }) => location === 'remote');
    expect(remote).toMatchObject([
      { name: full, base: null, restorable: true },
      { name: first, base: full, restorable: true },
      { name: second, base: first, restorable: true },
    ]);
  });

  test('the binary lists the same as the API', async ({ stack }) => {
    await makeChain(stack);
    const api = JSON.parse((await stack.run('list', '--json')).stdout) as { backups: object[] };
    const { exitCode, stdout } = await stack.runBinary('list', '--json');
    expect(exitCode).toBe(0);
    const binary = JSON.parse(stdout) as { backups: object[] };
    // With --binary, sizes are rounded, times are different, and the last backup is another host's.
    const comparable = (backups: object[]) =>
      backups.map((backup) => ({
        ...backup,
        sizeBytes: 0,
        uploadedBytes: 0,
        created: '',
        isLastBackup: false,
      }));
    expect(comparable(binary.backups)).toEqual(comparable(api.backups));
  });

  test('delete-remote deletes no base that is needed, and the rest in one run', async ({
    stack,
  }) => {
    const { api, storage } = stack;
    const [full, first, second] = await makeChain(stack);

    const refused = await stack.run('delete-remote', '--name', full, '--yes');
    expect(refused.exitCode).toBe(1);
    const unconfirmed = await stack.run('delete-remote', '--all');
    expect(unconfirmed.exitCode).toBe(2);
    const dry = await stack.run('delete-remote', '--all', '--dry-run');
    expect(dry.exitCode).toBe(0);
    expect(namesOf(await api.list('remote'))).toEqual([first, second, full]);
    expect(stack.lastBackup()).toBe(second);

    const absent = await stack.run('delete-remote', '--name', 'NO_SUCH_BACKUP', '--yes');
    expect(absent.exitCode).toBe(10);

    const last = await stack.run('delete-remote', '--name', second, '--yes');
    expect(last.exitCode).toBe(0);
    expect(namesOf(await api.list('remote'))).toEqual([first, full]);
    expect(stack.lastBackup()).toBeUndefined();

    const all = await stack.run('delete-remote', '--all', '--yes');
    expect(all.exitCode).toBe(0);
    expect(storage.list('shard1/').filter((file) => file.includes('_CH_BK_'))).toEqual([]);
    expect(namesOf(await api.list('local'))).toEqual([first, second, full]);
  });

  test('delete-local --keep 1 keeps the last backup, and does not change the storage', async ({
    stack,
  }) => {
    const { api } = stack;
    const chain = await makeChain(stack);
    const { exitCode } = await stack.run('delete-local', '--keep', '1', '--yes');
    expect(exitCode).toBe(0);
    expect(namesOf(await api.list('local'))).toEqual([chain[2]]);
    expect(namesOf(await api.list('remote'))).toEqual(chain.toSorted());
  });

  test('the binary deletes the same as the API', async ({ stack }) => {
    const { api } = stack;
    const [full, first, second] = await makeChain(stack);
    const refused = await stack.runBinary('delete-remote', '--name', first, '--yes');
    expect(refused.exitCode).toBe(1);
    const remote = await stack.runBinary('delete-remote', '--name', second, '--yes');
    expect(remote.exitCode).toBe(0);
    expect(namesOf(await api.list('remote'))).toEqual([first, full]);
    const local = await stack.runBinary('delete-local', '--all', '--yes');
    expect(local.exitCode).toBe(0);
    expect(await api.list('local')).toEqual([]);
  });

  test('delete-remote while the storage is down: exit 1, and the last backup is kept', async ({
    stack,
  }) => {
    const { api, storage } = stack;
    const chain = await makeChain(stack);
    await storage.stop();
    const { exitCode, stderr } = await stack.run('delete-remote', '--all', '--yes');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('lists no backups, although');
    expect(stack.lastBackup()).toBe(chain[2]);
    await storage.start();
    expect(namesOf(await api.list('remote'))).toEqual(chain.toSorted());
  });
});
