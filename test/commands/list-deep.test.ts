import { describe, expect } from 'vitest';
import { type Harness, test } from '../support/harness.js';

describe('list --deep', () => {
  const names = [
    'FULL_CH_BK_2026-11-21_20-30-00',
    'DIFF_CH_BK_2026-11-21_22-00-00',
    'DIFF_CH_BK_2026-11-21_23-00-00',
  ] as const;
  const [full, first, second] = names;

  function addChain({ simulator }: Harness): void {
    for (const [at, name] of names.entries()) {
      simulator.addBackup('remote', { name, required: names[at - 1] ?? '', uploadedMs: at });
    }
  }

  const readNames = (harness: Harness) =>
    harness.requests(/remote_backup=/).map((line) => line.split('=')[1]);

  test('reads the newest backup and its full backup, and finds both complete', async ({
    harness,
  }) => {
    addChain(harness);
    const { code, stdout, stderr } = await harness.run('list', '--deep', '--json');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(readNames(harness)).toEqual([second, full]);
    const { backups } = JSON.parse(stdout) as { backups: { name: string; complete: unknown }[] };
    expect(backups.map(({ name, complete }) => [name, complete])).toEqual([
      [full, true],
      [first, null],
      [second, true],
    ]);
  });

  test('shows an incomplete full backup and that its increments cannot be restored', async ({
    harness,
  }) => {
    addChain(harness);
    harness.simulator.setIncomplete(full);
    const { code, stdout } = await harness.run('list', '--deep');
    expect(code).toBe(0);
    expect(stdout).toContain('remote: 3 backups, 1 incomplete, 2 without a usable base');
    expect(stdout).toContain(
      'incomplete: the metadata of 2 of its 2 tables cannot be read: shop.customers, shop.orders',
    );
    expect(stdout.match(/one of its bases is incomplete/g)).toHaveLength(2);
    const json = JSON.parse((await harness.run('list', '--deep', '--json')).stdout) as {
      backups: { restorable: boolean; complete: unknown }[];
    };
    expect(json.backups.map(({ restorable }) => restorable)).toEqual([false, false, false]);
    expect(json.backups.map(({ complete }) => complete)).toEqual([false, null, true]);
  });

  test('reads what is listed out of order', async ({ harness }) => {
    addChain(harness);
    harness.simulator.setIncomplete(first, { moves: true });
    const { stdout } = await harness.run('list', '--deep');
    expect(stdout).toContain('remote: 3 backups, 1 incomplete, 1 without a usable base');
    expect(new Set(readNames(harness))).toEqual(new Set([second, full, first]));
  });

  test('believes no single failing read', async ({ harness }) => {
    addChain(harness);
    harness.simulator.failTableReads('empty-sizes', 3);
    const { stdout } = await harness.run('list', '--deep');
    expect(stdout).not.toContain('incomplete');
  });

  test('warns about what it cannot check', async ({ harness }) => {
    addChain(harness);
    harness.simulator.failTableReads('no-answer', 1, full);
    const { code, stdout, stderr } = await harness.run('list', '--deep');
    expect(code).toBe(0);
    expect(stderr).toContain(
      `could not check whether 1 backup is complete: its tables could not be read within 10m (${full})`,
    );
    expect(stdout).not.toContain('incomplete');
  });

  test('shows the list even if the server fails meanwhile', async ({ harness }) => {
    addChain(harness);
    harness.simulator.setIncomplete(second);
    harness.later(1, () => {
      const body = JSON.stringify({ status: 'error', operation: 'list', error: 'out of memory' });
      harness.simulator.answerNext({ path: /list\/remote/ }, { status: 500, body });
    });
    const { code, stdout, stderr } = await harness.run('list', '--deep');
    expect(code).toBe(0);
    expect(stdout).toContain('remote: 3 backups');
    expect(stderr).toContain('out of memory');
  });

  test.for(['2.4.0', '2.6.30'] as const)('warns once with %s', async (version, { harnessOf }) => {
    const harness = await harnessOf({ version });
    addChain(harness);
    const { code, stderr } = await harness.run('list', '--deep');
    expect(code).toBe(0);
    expect(stderr.match(/WARNING/g)).toHaveLength(1);
    expect(stderr).toContain('--deep has no effect: clickhouse-backup before 2.7.0');
  });

  test.for([
    [['--binary'], '--deep and --binary cannot be used together'],
    [['--location', 'local'], '--deep and --location local cannot be used together'],
  ] as const)('is refused with %s', async ([more, message], { harness }) => {
    const { code, stderr } = await harness.run('list', '--deep', ...more);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(harness.requests()).toEqual([]);
  });
});
