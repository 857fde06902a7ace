import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { onEachServer } from './on-each-server.js';

onEachServer('ClickHouse hangs', (test) => {
  test('in create, and goes on: the backup is whole', async ({ stack }) => {
    const { api, clickhouse } = stack;
    await clickhouse.createTable('shop.orders');
    await clickhouse.insertRows('shop.orders', 0, 1000);

    const full = stack.start('create-full');
    const { backup } = await stack.stopClickHouseInCreate();
    await sleep(5000);
    expect(await api.actions()).toMatchObject([
      { command: 'list local' },
      { command: `create ${backup}`, status: 'in progress' },
    ]);
    clickhouse.process.signal('SIGCONT');
    const { exitCode } = await full.result;
    expect(exitCode).toBe(0);
    expect(stack.lastBackup()).toBe(backup);
    expect(await api.remoteBases()).toEqual({ [backup]: '' });
  });
});
