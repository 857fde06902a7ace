import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { makeChain, makeFull } from './make-chain.js';
import { makeIncomplete } from './make-incomplete.js';
import { lacksTables, onEachServer } from './on-each-server.js';
import type { Stack } from './stack.js';

/** Runs a diff that must succeed; returns its name and what it printed. */
async function makeDiff(stack: Stack, ...options: string[]) {
  const { exitCode, stderr } = await stack.run('create-diff', ...options);
  expect(exitCode).toBe(0);
  return { name: stack.lastBackup() ?? '', stderr };
}

onEachServer('the choice of the base', (test) => {
  test('--find-base uses the newest complete backup, if the server shows which is', async ({
    stack,
  }) => {
    const { api } = stack;
    const [full, first, second] = await makeChain(stack);
    // Of two names with the same second, the one with the suffix `_2` would count as newer.
    await sleep(1100);
    expect((await stack.run('create-full')).exitCode).toBe(0);
    const newest = stack.lastBackup() ?? '';
    await makeIncomplete(stack, newest);
    const before = { [full]: '', [first]: full, [second]: first, [newest]: '' };
    expect(await api.remoteBases()).toEqual(before);

    const newAgent = ['--log-dir', path.join(stack.logDir, 'new-agent')];
    const { exitCode, stderr } = await stack.runFast('create-diff', '--find-base', ...newAgent);
    expect(exitCode).toBe(0);
    const created = (await api.list('local')).map(({ name }) => name);
    const [diff = ''] = created.filter((name) => name !== newest);
    const isFound = stderr.includes(`found the base on the remote storage: backup ${second}`);
    const isFull = stderr.includes('this backup is uploaded in full');
    expect({ isFound, isFull }).toEqual({ isFound: api.showsTables, isFull: !api.showsTables });
    expect(await api.remoteBases()).toEqual({ ...before, [diff]: api.showsTables ? second : '' });

    const next = await stack.run('create-diff', '--without-base', 'fail', ...newAgent);
    expect(next.exitCode).toBe(0);
    expect(Object.values(await api.remoteBases())).toContain(diff);
  });

  test('--base full: every increment is based on the full', async ({ stack }) => {
    const { api, clickhouse } = stack;
    const full = await makeFull(stack);
    const bases: Record<string, string> = { [full]: '' };
    for (const from of [1000, 2000, 3000]) {
      await clickhouse.insertRows('shop.orders', from, 1000);
      const { name, stderr } = await makeDiff(stack, '--base', 'full');
      expect(stderr).not.toContain('WARN');
      bases[name] = full;
      expect(await api.remoteBases()).toEqual(bases);
    }

    const last = stack.lastBackup() ?? '';
    await api.deleteLocal(full);
    const { name, stderr } = await makeDiff(stack, '--base', 'full');
    const usesLast = stderr.includes(`this backup is based on ${last} instead`);
    expect(usesLast).toBe(!api.comparesChecksums);
    expect(await api.remoteBases()).toEqual({ ...bases, [name]: usesLast ? last : full });

    await clickhouse.query('DROP DATABASE shop');
    for (const backup of await api.list('local')) await api.deleteLocal(backup.name);
    await api.act(`restore_remote ${name}`);
    expect(await clickhouse.query('SELECT count(DISTINCT id) FROM shop.orders')).toBe('4000');
  });

  test('--max-chain 2: every third backup is uploaded in full', async ({ stack }) => {
    const { api } = stack;
    let last = await makeFull(stack);
    const bases: Record<string, string> = { [last]: '' };
    for (const isFull of [false, false, true, false, false, true]) {
      const { name, stderr } = await makeDiff(stack, '--max-chain', '2');
      const note = 'already has 2 increments (--max-chain 2); this backup is uploaded in full';
      expect(stderr.includes(note)).toBe(isFull);
      bases[name] = isFull ? '' : last;
      expect(await api.remoteBases()).toEqual(bases);
      last = name;
    }
  });

  test('a table of the base that is lost is named, if the server shows it', async ({ stack }) => {
    const { api, clickhouse } = stack;
    for (const table of ['shop.customers', 'shop.visits', 'shop.none']) {
      await clickhouse.createTable(table);
    }
    await clickhouse.insertRows('shop.customers', 0, 1000);
    await clickhouse.insertRows('shop.visits', 0, 1000);
    const full = await makeFull(stack);

    await clickhouse.query('DROP TABLE shop.customers');
    await clickhouse.query('DROP TABLE shop.none');
    await clickhouse.query('ALTER TABLE shop.visits DROP PARTITION 202601');
    const { name, stderr } = await makeDiff(stack);
    const warning =
      `tables shop.customers, shop.visits have data in the base ${full}, ` +
      `but not in backup ${name}`;
    expect(stderr.includes(warning)).toBe(api.showsTables);
    expect(stderr).not.toContain('shop.none');
    expect(await api.remoteBases()).toEqual({ [full]: '', [name]: full });

    const next = await makeDiff(stack);
    expect(next.stderr).not.toContain('WARN');
  });
});

onEachServer(
  'a full without tables',
  (test) => {
    test('is a base, if the server allows it', async ({ stack }) => {
      const { api, clickhouse } = stack;
      api.configure({ allow_empty_backups: true });
      const created = await stack.run('create-full');
      expect(created.stderr).not.toContain('WARN');
      expect(created.exitCode).toBe(0);
      const full = stack.lastBackup() ?? '';
      const first = await makeDiff(stack, '--without-base', 'fail');
      await clickhouse.createTable('shop.orders');
      await clickhouse.insertRows('shop.orders', 0, 1000);
      const second = await makeDiff(stack, '--without-base', 'fail');
      for (const { stderr } of [first, second]) expect(stderr).not.toContain('WARN');
      const bases = { [full]: '', [first.name]: full, [second.name]: first.name };
      expect(await api.remoteBases()).toEqual(bases);
    });
  },
  lacksTables,
);
