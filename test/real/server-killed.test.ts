import { expect } from 'vitest';
import { makeFull } from './make-chain.js';
import { onEachServer } from './on-each-server.js';

onEachServer('the API server is killed', (test) => {
  test('during create, and is started again: exit 1; the next run succeeds', async ({ stack }) => {
    const { api, clickhouse } = stack;
    const full = await makeFull(stack);

    const diff = stack.start('create-diff');
    const { backup } = await stack.stopClickHouseInCreate();
    await api.kill();
    clickhouse.process.signal('SIGCONT');
    await api.start();
    const { exitCode, stderr } = await diff.result;
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`the creation of backup ${backup} failed`);
    expect(stack.lastBackup()).toBe(full);
    expect(stack.journal()).toBeUndefined();

    expect((await stack.run('create-diff')).exitCode).toBe(0);
    expect(await api.remoteBases()).toEqual({ [full]: '', [stack.lastBackup() ?? '']: full });
  });

  test('during create, together with the run: the next run recovers and succeeds', async ({
    stack,
  }) => {
    const { api, clickhouse } = stack;
    await clickhouse.createTable('shop.orders');
    await clickhouse.insertRows('shop.orders', 0, 1000);

    const first = stack.start('create-full');
    const { backup } = await stack.stopClickHouseInCreate();
    first.kill('SIGKILL');
    await api.kill();
    clickhouse.process.signal('SIGCONT');
    await first.result;
    expect(stack.journal()).toMatchObject({ backup, phase: 'create' });

    await api.start();
    const { exitCode, stderr } = await stack.run('create-full');
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      `${backup} of the previous run failed: its upload was never requested`,
    );
    expect(stack.journal()).toBeUndefined();
    expect(stack.lastBackup()).not.toBe(backup);
    expect(await api.remoteBases()).toEqual({ [stack.lastBackup() ?? '']: '' });
  });

  test('during upload, and is started again: exit 1; the next run succeeds', async ({ stack }) => {
    const { api, clickhouse } = stack;
    const full = await makeFull(stack);

    await clickhouse.insertRows('shop.orders', 1000, 500_000);
    const { run, backup } = await stack.startSlowUpload('create-diff');
    await api.kill();
    await api.start();
    const { exitCode, stderr } = await run.result;
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`the upload of backup ${backup} failed`);
    expect(stack.lastBackup()).toBe(full);
    expect(stack.journal()).toBeUndefined();

    expect((await stack.run('create-diff')).exitCode).toBe(0);
    expect(await api.remoteBases()).toEqual({ [full]: '', [stack.lastBackup() ?? '']: full });
  });

  test('during upload, together with the run: the next run recovers and succeeds', async ({
    stack,
  }) => {
    const { api, clickhouse } = stack;
    const full = await makeFull(stack);

    await clickhouse.insertRows('shop.orders', 1000, 500_000);
    const { run, backup } = await stack.startSlowUpload('create-diff');
    run.kill('SIGKILL');
    await api.kill();
    await run.result;
    expect(stack.journal()).toMatchObject({ backup, base: full, phase: 'upload' });

    await api.start();
    const { exitCode, stderr } = await stack.run('create-diff');
    expect(exitCode).toBe(0);
    expect(stderr).toContain(`${backup} of the previous run failed`);
    expect(stack.journal()).toBeUndefined();
    expect(await api.remoteBases()).toEqual({ [full]: '', [stack.lastBackup() ?? '']: full });
  });
});
