import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { makeFull } from './make-chain.js';
import { lacksTables, onEachServer } from './on-each-server.js';
import type { Result } from './program-run.js';
import type { Stack } from './stack.js';

/** Makes a full through a proxy, so that the tables of its chain can be read at the wrong time. */
async function makeFullThroughProxy(stack: Stack) {
  const proxy = await stack.useProxy();
  const full = await makeFull(stack);
  const beforeRead = (action: () => Promise<void>, backup = '') => {
    proxy.before(`/backup/tables/all?remote_backup=${backup}`, action);
  };
  return { proxy, full, beforeRead };
}

/** Checks that a diff has succeeded, without a warning, as an increment on the full backup. */
async function expectIncrement(stack: Stack, full: string, { exitCode, stderr }: Result) {
  expect(stderr).not.toContain('WARN');
  expect(exitCode).toBe(0);
  expect(await stack.api.remoteBases()).toEqual({ [full]: '', [stack.lastBackup() ?? '']: full });
}

/** Checks that the next diff records the backup of an interrupted run, and is based on it. */
async function expectRecorded(stack: Stack, full: string, backup: string) {
  const next = await stack.run('create-diff', '--without-base', 'fail');
  expect(next.stderr).toContain(`backup ${backup} of the previous run is complete`);
  expect(next.exitCode).toBe(0);
  const bases = { [full]: '', [backup]: full, [stack.lastBackup() ?? '']: backup };
  expect(await stack.api.remoteBases()).toEqual(bases);
}

onEachServer(
  'the storage goes down before tables are read',
  (test) => {
    test('those of the base: exit 1, nothing is created; the next diff succeeds', async ({
      stack,
    }) => {
      const { api, storage } = stack;
      const { proxy, full, beforeRead } = await makeFullThroughProxy(stack);

      beforeRead(() => storage.stop(), full);
      const { exitCode, stderr } = await stack.runFast('create-diff');
      expect(proxy.isDone).toBe(true);
      expect(stderr).toContain(
        `lists no backups, so nothing was created: the base ${full} cannot be checked`,
      );
      expect(stderr).not.toContain('incomplete');
      expect(exitCode).toBe(1);
      expect(stack.lastBackup()).toBe(full);
      expect(stack.journal()).toBeUndefined();
      expect((await api.list('local')).map(({ name }) => name)).toEqual([full]);

      await storage.start();
      expect((await stack.run('create-diff', '--without-base', 'fail')).exitCode).toBe(0);
      expect(await api.remoteBases()).toEqual({ [full]: '', [stack.lastBackup() ?? '']: full });
    });

    test('those of the base, and comes back: the diff is an increment', async ({ stack }) => {
      const { storage } = stack;
      const { proxy, full, beforeRead } = await makeFullThroughProxy(stack);

      beforeRead(() => storage.stop(), full);
      beforeRead(() => storage.start(), full);
      await expectIncrement(stack, full, await stack.runFast('create-diff'));
      expect(proxy.isDone).toBe(true);
    });

    test('those of the base, and comes back before the last read: the diff is an increment', async ({
      stack,
    }) => {
      const { storage } = stack;
      const { proxy, full, beforeRead } = await makeFullThroughProxy(stack);

      beforeRead(() => storage.stop(), full);
      proxy.before('/backup/list/remote', () => storage.start());
      await expectIncrement(stack, full, await stack.runFast('create-diff'));
      expect(proxy.isDone).toBe(true);
    });

    test('those of the upload: exit 1, and the next run records it', async ({ stack }) => {
      const { storage } = stack;
      const { proxy, full, beforeRead } = await makeFullThroughProxy(stack);

      beforeRead(() => Promise.resolve(), full);
      beforeRead(() => storage.stop());
      const { exitCode, stderr } = await stack.runFast('create-diff');
      expect(proxy.isDone).toBe(true);
      const { backup = '' } = stack.journal() ?? {};
      expect(stderr).toContain(`the upload of backup ${backup} could not be verified`);
      expect(exitCode).toBe(1);
      expect(stack.journal()).toMatchObject({ base: full, phase: 'upload' });
      expect(stack.lastBackup()).toBe(full);

      await storage.start();
      await expectRecorded(stack, full, backup);
    });

    test('those of the upload, and comes back: the diff succeeds', async ({ stack }) => {
      const { storage } = stack;
      const { proxy, full, beforeRead } = await makeFullThroughProxy(stack);

      beforeRead(() => Promise.resolve(), full);
      beforeRead(async () => {
        await storage.stop();
        void sleep(3000).then(() => storage.start());
      });
      await expectIncrement(stack, full, await stack.run('create-diff'));
      expect(proxy.isDone).toBe(true);
    });

    test('those of the upload, together with the run: the next run records it', async ({
      stack,
    }) => {
      const { storage } = stack;
      const { full, beforeRead } = await makeFullThroughProxy(stack);

      beforeRead(() => Promise.resolve(), full);
      const run = stack.start('create-diff');
      beforeRead(async () => {
        await storage.stop();
        run.kill('SIGKILL');
      });
      expect((await run.result).signal).toBe('SIGKILL');
      const { backup = '' } = stack.journal() ?? {};
      const down = await stack.runFast('create-diff');
      expect(down.stderr).toContain('lists no backups, so nothing was created');
      expect(down.exitCode).toBe(1);
      expect(stack.journal()).toMatchObject({ backup, base: full });

      await storage.start();
      await expectRecorded(stack, full, backup);
    });
  },
  lacksTables,
);
