import { expect } from 'vitest';
import { onEachServer } from './on-each-server.js';

onEachServer('a signal during the upload', (test) => {
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    test(`${signal}: exit ${code}; the next run waits and records the backup`, async ({
      stack,
    }) => {
      const { api, clickhouse } = stack;
      await clickhouse.createTable('shop.orders');
      await clickhouse.insertRows('shop.orders', 0, 1000);
      await stack.run('create-full');
      const full = stack.lastBackup() ?? '';

      await clickhouse.insertRows('shop.orders', 1000, 500_000);
      const { run, backup } = await stack.startSlowUpload('create-diff');
      run.kill(signal);
      const { exitCode, stderr } = await run.result;
      expect(exitCode).toBe(code);
      expect(stderr).toContain(`stopped by ${signal}; the server may still be working`);
      expect(stack.lastBackup()).toBe(full);
      expect(stack.journal()).toMatchObject({ backup, base: full, phase: 'upload' });

      await clickhouse.insertRows('shop.orders', 501_000, 1000);
      const next = await stack.run('create-diff');
      expect(next.exitCode).toBe(0);
      expect(next.stderr).toContain(
        `waiting for \`upload --diff-from="${full}" ${backup}\`, which has been running`,
      );
      expect(next.stderr).toContain(`${backup} of the previous run is complete`);
      expect(stack.journal()).toBeUndefined();
      const last = stack.lastBackup() ?? '';
      expect(await api.remoteBases()).toEqual({ [full]: '', [backup]: full, [last]: backup });
    });
  }
});
