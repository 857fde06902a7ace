import { expect } from 'vitest';
import { makeChain, makeFull } from './make-chain.js';
import { makeIncomplete } from './make-incomplete.js';
import { lacksTables, onEachServer } from './on-each-server.js';

const namesOf = (rows: { name: string }[]) => rows.map(({ name }) => name);

const isIncomplete = (backup: string) =>
  `the base cannot be used: backup ${backup} is incomplete, although it is listed as good: ` +
  'the metadata of 1 of its 1 tables cannot be read: shop.orders';

onEachServer(
  'an incomplete backup',
  (test) => {
    test('is not used as a base: the upload is full', async ({ stack }) => {
      const { api, clickhouse } = stack;
      const full = await makeFull(stack);
      await makeIncomplete(stack, full);

      const { exitCode, stderr } = await stack.run('create-diff');
      expect(stderr).toContain(`${isIncomplete(full)}; this backup is uploaded in full`);
      expect(exitCode).toBe(0);
      const diff = stack.lastBackup() ?? '';
      expect(await api.remoteBases()).toEqual({ [full]: '', [diff]: '' });

      expect((await stack.run('create-diff', '--without-base', 'fail')).exitCode).toBe(0);
      const next = stack.lastBackup() ?? '';
      expect(await api.remoteBases()).toEqual({ [full]: '', [diff]: '', [next]: diff });

      await clickhouse.query('DROP DATABASE shop');
      for (const { name } of await api.list('local')) await api.deleteLocal(name);
      await api.act(`restore_remote ${next}`);
      expect(await clickhouse.countRows('shop.orders')).toBe(1000);
    });

    test('is not used as a base with --without-base fail: exit 1, nothing is created', async ({
      stack,
    }) => {
      const { api } = stack;
      const full = await makeFull(stack);
      await makeIncomplete(stack, full);

      const { exitCode, stderr } = await stack.runFast('create-diff', '--without-base', 'fail');
      expect(stderr).toContain(`${isIncomplete(full)}; nothing was created`);
      expect(exitCode).toBe(1);
      expect(stack.lastBackup()).toBe(full);
      expect(stack.journal()).toBeUndefined();
      expect(await api.remoteBases()).toEqual({ [full]: '' });
      expect(namesOf(await api.list('local'))).toEqual([full]);
    });

    test('makes the increments on it unusable; list --deep shows it', async ({ stack }) => {
      const { api } = stack;
      const [full, first, second] = await makeChain(stack);
      await makeIncomplete(stack, full);

      const shallow = await stack.run('list', '--location', 'remote');
      expect(shallow.stdout).not.toContain('incomplete');
      const deep = await stack.runFast('list', '--location', 'remote', '--deep');
      expect(deep.exitCode).toBe(0);
      expect(deep.stdout).toContain('remote: 3 backups, 1 incomplete, 2 without a usable base');
      expect(deep.stdout).toMatch(new RegExp(`^ *${full} .*incomplete`, 'm'));

      const failed = await stack.runFast('create-diff', '--without-base', 'fail');
      expect(failed.stderr).toContain(`${isIncomplete(full)}; nothing was created`);
      expect(failed.exitCode).toBe(1);
      expect(stack.lastBackup()).toBe(second);
      expect(namesOf(await api.list('local'))).toEqual([full]);

      const { exitCode, stderr } = await stack.runFast('create-diff');
      expect(stderr).toContain(`${isIncomplete(full)}; this backup is uploaded in full`);
      expect(exitCode).toBe(0);
      const bases = { [full]: '', [first]: full, [second]: first, [stack.lastBackup() ?? '']: '' };
      expect(await api.remoteBases()).toEqual(bases);
    });
  },
  lacksTables,
);

onEachServer(
  'an incomplete backup on a server that does not show it',
  (test) => {
    test('is used as a base, without a warning', async ({ stack }) => {
      const { api } = stack;
      const full = await makeFull(stack);
      await makeIncomplete(stack, full);

      const first = await stack.run('create-diff', '--without-base', 'fail');
      expect(first.stderr).not.toContain('WARN');
      expect(first.exitCode).toBe(0);
      const diff = stack.lastBackup() ?? '';
      const next = await stack.run('create-diff', '--without-base', 'fail');
      expect(next.stderr).not.toContain('WARN');
      expect(next.exitCode).toBe(0);
      const bases = { [full]: '', [diff]: full, [stack.lastBackup() ?? '']: diff };
      expect(await api.remoteBases()).toEqual(bases);
    });

    test('list --deep has no effect, and shows a warning', async ({ stack }) => {
      const full = await makeFull(stack);
      await makeIncomplete(stack, full);
      const { exitCode, stderr, stdout } = await stack.run('list', '--deep');
      expect(exitCode).toBe(0);
      expect(stderr).toContain('--deep has no effect');
      expect(stdout).not.toContain('incomplete');
    });
  },
  (program) => (lacksTables(program) === undefined ? 'it shows the tables of a backup' : undefined),
);
