import { expect } from 'vitest';
import { makeFull } from './make-chain.js';
import { onEachServer } from './on-each-server.js';

onEachServer('the storage goes down', (test) => {
  test('before a diff: exit 1, nothing is created; the next diff succeeds', async ({ stack }) => {
    const { api, storage } = stack;
    const full = await makeFull(stack);

    await storage.stop();
    const { exitCode, stderr } = await stack.run('create-diff');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('lists no backups, so nothing was created');
    expect(stderr).toContain('run create-full');
    expect(stack.lastBackup()).toBe(full);
    expect(stack.journal()).toBeUndefined();
    expect((await api.list('local')).map(({ name }) => name)).toEqual([full]);

    await storage.start();
    expect((await stack.run('create-diff')).exitCode).toBe(0);
    expect(await api.remoteBases()).toEqual({ [full]: '', [stack.lastBackup() ?? '']: full });
  });

  test('before a full: exit 1, the last-backup file is unchanged', async ({ stack }) => {
    const { api, storage } = stack;
    const full = await makeFull(stack);

    await storage.stop();
    const { exitCode, stderr } = await stack.run('create-full');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('connection refused');
    expect(stack.log()).toContain('UPLOAD ERROR:');
    expect(stack.lastBackup()).toBe(full);

    await storage.start();
    expect((await stack.run('create-diff')).exitCode).toBe(0);
    expect(await api.remoteBases()).toEqual({ [full]: '', [stack.lastBackup() ?? '']: full });
  });

  test('during an upload: exit 1, and the backup is not used as a base', async ({ stack }) => {
    const { api, clickhouse, storage } = stack;
    const full = await makeFull(stack);

    await clickhouse.insertRows('shop.orders', 1000, 500_000);
    const { run, backup } = await stack.startSlowUpload('create-diff');
    await storage.stop();
    const { exitCode, stderr } = await run.result;
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`the upload of backup ${backup} could not be verified`);
    expect(stack.lastBackup()).toBe(full);

    await storage.start();
    expect((await stack.run('create-diff')).exitCode).toBe(0);
    expect(await api.remoteBases()).toEqual({ [full]: '', [stack.lastBackup() ?? '']: full });
  });
});
