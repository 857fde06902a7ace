import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { onEachServer } from './on-each-server.js';
import type { Stack } from './stack.js';

/** Checks that each command ends within a minute with the right error, and starts no operation. */
async function expectUnreachable(stack: Stack): Promise<void> {
  const before = await stack.api.actions();
  const startMs = performance.now();
  const commands = ['create-full', 'create-diff', 'list'];
  // Each has its own lock, so that all run at the same time.
  const runs = commands.map((command) =>
    stack.run(command, '--log-dir', `${stack.logDir}-${command}`),
  );
  for (const { exitCode, stderr } of await Promise.all(runs)) {
    expect([exitCode, stderr]).toEqual([
      13,
      expect.stringContaining(`ClickHouse behind ${stack.host} does not answer: `),
    ]);
  }
  expect(performance.now() - startMs).toBeLessThan(60_000);
  expect(await stack.api.actions()).toEqual(before);
}

onEachServer('ClickHouse hangs', (test) => {
  test('during create, and continues: the backup is complete', async ({ stack }) => {
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

  test('before a command: exit 13, and the next run succeeds', async ({ stack }) => {
    const { clickhouse } = stack;
    await clickhouse.createTable('shop.orders');
    clickhouse.process.signal('SIGSTOP');
    await expectUnreachable(stack);
    clickhouse.process.signal('SIGCONT');
    const { exitCode } = await stack.run('create-full');
    expect(exitCode).toBe(0);
  });
});

onEachServer('ClickHouse is down', (test) => {
  test('before a command: exit 13', async ({ stack }) => {
    await stack.clickhouse.process.kill();
    await expectUnreachable(stack);
    const { exitCode, stderr } = await stack.runBinary('list');
    expect([exitCode, stderr]).toEqual([13, expect.stringContaining('ClickHouse does not answer')]);
    expect(stderr).toContain('connection refused');
  });
});
