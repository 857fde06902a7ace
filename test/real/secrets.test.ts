import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { onEachServer } from './on-each-server.js';

onEachServer('the password', (test) => {
  test('is not in the process list, in a file or in the output', async ({ stack }) => {
    const { api, clickhouse } = stack;
    await clickhouse.createTable('shop.orders');
    await clickhouse.insertRows('shop.orders', 0, 500_000);
    const { run } = await stack.startSlowUpload('create-full', '--verbose');
    expect(commandLine(run.pid)).toBe(`chbackup create-full ${stack.host}`);
    for (let look = 1; look <= 20; look++) {
      const leaking = allCommandLines().filter((line) => line.includes(api.password));
      expect(leaking).toEqual([]);
      await sleep(50);
    }
    const { exitCode, stdout, stderr } = await run.result;
    expect(exitCode).toBe(0);
    const denied = await stack.run('create-full', '--host-that-is-no-option');
    const files = readdirSync(stack.logDir).map((name) => path.join(stack.logDir, name));
    expect(files.length).toBeGreaterThan(3);
    const texts = [stdout, stderr, denied.stderr, ...files, ...files.map(readText)];
    const encoded = Buffer.from(`${api.user}:${api.password}`).toString('base64');
    for (const text of texts) {
      expect(text).not.toContain(api.password);
      expect(text).not.toContain(encoded);
    }
  });
});

function readText(file: string): string {
  return readFileSync(file, 'utf8');
}

function commandLine(pid: number | string): string {
  return readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

function allCommandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return commandLine(pid);
      } catch {
        // The process has ended.
        return '';
      }
    });
}
