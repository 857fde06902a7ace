import path from 'node:path';
import { expect } from 'vitest';
import { onEachServer } from './on-each-server.js';

onEachServer('a busy or stopped server', (test) => {
  test('another chbackup with the same log directory: exit 11, and shows what it does', async ({
    stack,
  }) => {
    await stack.clickhouse.createTable('shop.orders');
    await stack.clickhouse.insertRows('shop.orders', 0, 500_000);
    const { run, backup } = await stack.startSlowUpload('create-full');
    const { exitCode, stderr } = await stack.run('create-diff', '--wait', '0');
    expect(exitCode).toBe(11);
    expect(stderr).toContain(
      `another chbackup is working on ${stack.host}: create-full (${backup})`,
    );
    expect((await run.result).exitCode).toBe(0);
    expect(stack.lastBackup()).toBe(backup);
  });

  test('another chbackup elsewhere: waits, or exit 11 and shows what is running', async ({
    stack,
  }) => {
    await stack.clickhouse.createTable('shop.orders');
    await stack.clickhouse.insertRows('shop.orders', 0, 500_000);
    const { run, backup } = await stack.startSlowUpload('create-full');
    const elsewhere = ['--log-dir', path.join(stack.logDir, 'elsewhere')];
    const refused = await stack.run('create-full', '--wait', '0', ...elsewhere);
    expect(refused.exitCode).toBe(11);
    expect(refused.stderr).toContain(
      `${stack.host} is busy: \`upload ${backup}\` has been running since`,
    );

    const waiting = await stack.run('create-full', ...elsewhere);
    expect(waiting.stderr).toContain(`waiting for \`upload ${backup}\`, which has been running`);
    expect(waiting.exitCode).toBe(0);
    expect((await run.result).exitCode).toBe(0);
    expect(Object.values(await stack.api.remoteBases())).toEqual(['', '']);
  });

  test('the server is not running: exit 13', async ({ stack }) => {
    await stack.api.kill();
    const { exitCode, stderr } = await stack.run('create-full', '--connect-timeout', '2s');
    expect(exitCode).toBe(13);
    expect(stderr).toContain('connection refused');
  });
});
