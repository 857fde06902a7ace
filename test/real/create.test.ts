import { expect } from 'vitest';
import { onEachServer } from './on-each-server.js';

onEachServer('create-full and create-diff', (test) => {
  test('a full and two increments are uploaded, each based on the previous one', async ({
    stack,
  }) => {
    const { api, clickhouse, storage } = stack;
    await clickhouse.createTable('shop.orders');
    const backups: string[] = [];
    for (const [at, command] of ['create-full', 'create-diff', 'create-diff'].entries()) {
      await clickhouse.insertRows('shop.orders', at * 1000, 1000);
      const { exitCode, stdout, stderr } = await stack.run(command);
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
      expect(stderr).toContain('verified and recorded: ');
      backups.push(stack.lastBackup() ?? '');
    }
    const [full = '', first = '', second = ''] = backups;
    expect(full).toMatch(/^FULL_CH_BK_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$/);
    expect(first).toMatch(/^DIFF_CH_BK_/);
    expect(second).toMatch(/^DIFF_CH_BK_/);

    expect(await api.remoteBases()).toEqual({ [full]: '', [first]: full, [second]: first });
    for (const backup of backups) {
      const files = storage.list(`shard1/${backup}/`);
      expect(files).toContain(`shard1/${backup}/metadata.json`);
      // An increment contains only its own part.
      expect(files.filter((file) => file.includes('/shadow/'))).toHaveLength(1);
    }
    expect(stack.journal()).toBeUndefined();
    expect(stack.log().match(/##### started at/g)).toHaveLength(3);
    expect(stack.log().match(/##### finished at/g)).toHaveLength(3);
  });

  test('--json prints the backup and its base', async ({ stack }) => {
    await stack.clickhouse.createTable('shop.orders');
    await stack.clickhouse.insertRows('shop.orders', 0, 10);
    const full = await stack.run('create-full', '--json');
    const backup = stack.lastBackup();
    expect(JSON.parse(full.stdout)).toEqual({
      command: 'create-full',
      host: stack.host,
      skipped: false,
      backup,
      base: null,
      kind: 'full',
      dataBytes: expect.any(Number) as number,
      createSeconds: expect.any(Number) as number,
      uploadSeconds: expect.any(Number) as number,
      startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      finishedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      seconds: expect.any(Number) as number,
    });
    const diff = await stack.run('create-diff', '--json');
    expect(JSON.parse(diff.stdout)).toMatchObject({ backup: stack.lastBackup(), base: backup });
    expect(diff.stderr).toBe('');
  });

  test('a diff without a base is uploaded in full, with a warning', async ({ stack }) => {
    await stack.clickhouse.createTable('shop.orders');
    await stack.clickhouse.insertRows('shop.orders', 0, 10);
    const { exitCode, stderr } = await stack.run('create-diff');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('it is recommended to create a FULL backup first');
    expect(await stack.api.remoteBases()).toEqual({ [stack.lastBackup() ?? '']: '' });
  });

  test('a wrong password: exit 12, nothing is created', async ({ stack }) => {
    const { exitCode, stderr } = await stack.startAs('wrong-password', 'create-full').result;
    expect(exitCode).toBe(12);
    expect(stderr).toContain('rejected the credentials (401)');
    expect(stderr).not.toContain('wrong-password');
    expect(await stack.api.list('local')).toEqual([]);
    expect(stack.lastBackup()).toBeUndefined();
    expect(stack.journal()).toBeUndefined();
  });

  test('no tables: exit 1, with a hint', async ({ stack }) => {
    const { exitCode, stderr } = await stack.run('create-full');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('no tables for backup');
    expect(stderr).toContain('general.allow_empty_backups');
    expect(stack.lastBackup()).toBeUndefined();
    expect(stack.journal()).toBeUndefined();
    expect(stack.log()).toContain('CREATE BACKUP ERROR:');
  });
});
