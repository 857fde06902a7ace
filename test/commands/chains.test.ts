import { describe, expect } from 'vitest';
import { type Harness, test } from '../support/harness.js';

async function createDiff(harness: Harness, ...options: string[]): Promise<string> {
  const { code } = await harness.run('create-diff', ...options);
  expect(code).toBe(0);
  return harness.simulator.remote.get(harness.lastBackup ?? '')?.required ?? '?';
}

async function createFull(harness: Harness): Promise<string> {
  expect(await harness.run('create-full')).toMatchObject({ code: 0 });
  return harness.lastBackup ?? '';
}

describe('--base full', () => {
  test('bases each diff on the full backup of the chain', async ({ harness }) => {
    const full = await createFull(harness);
    for (let count = 0; count < 3; count++) {
      expect(await createDiff(harness, '--base', 'full')).toBe(full);
    }
    const next = await createFull(harness);
    expect(await createDiff(harness, '--base', 'full')).toBe(next);
  });

  test('reads the tables of the full backup and of the upload only', async ({ harness }) => {
    const full = await createFull(harness);
    await createDiff(harness);
    const before = harness.requests(/remote_backup=/).length;
    await createDiff(harness, '--base', 'full');
    const read = harness.requests(/remote_backup=/).slice(before);
    expect(read.map((line) => line.split('=')[1])).toEqual([full, harness.lastBackup]);
  });

  test('does not depend on an incomplete increment of the chain', async ({ harness }) => {
    const full = await createFull(harness);
    await createDiff(harness);
    harness.simulator.setIncomplete(harness.lastBackup ?? '');
    expect(await createDiff(harness, '--base', 'full')).toBe(full);
    expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
  });

  test('uses the remote copy of the full backup since 2.7.0', async ({ harness }) => {
    const full = await createFull(harness);
    await createDiff(harness);
    harness.simulator.deleteBehind('local', full);
    expect(await createDiff(harness, '--base', 'full')).toBe(full);
    expect(harness.requests(/diff-from-remote/)).toHaveLength(1);
  });

  test.for(['2.4.0', '2.6.30'] as const)(
    'uses the last backup, with a warning, if a server %s has no local copy of the full',
    async (version, { harnessOf }) => {
      const harness = await harnessOf({ version });
      const full = await createFull(harness);
      expect(await createDiff(harness, '--base', 'full')).toBe(full);
      const last = harness.lastBackup ?? '';
      harness.simulator.deleteBehind('local', full);
      const { code, stderr } = await harness.run('create-diff', '--base', 'full');
      expect(code).toBe(0);
      expect(stderr).toContain(
        `[WARNING] the base ${full} is no longer on the server, and clickhouse-backup before 2.7.0 cannot safely use its remote copy; this backup is based on ${last} instead`,
      );
      expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe(last);
    },
  );

  test('uploads in full if such a server has no local copy of either', async ({ harnessOf }) => {
    const harness = await harnessOf({ version: '2.6.30' });
    const full = await createFull(harness);
    await createDiff(harness);
    harness.simulator.deleteBehind('local', full);
    harness.simulator.deleteBehind('local', harness.lastBackup ?? '');
    expect(await createDiff(harness, '--base', 'full')).toBe('');
  });
});

describe('--max-chain', () => {
  test.for([1, 2, 3])('uploads in full after %i increments', async (limit, { harness }) => {
    await createFull(harness);
    const bases = [];
    for (let count = 0; count < 2 * limit + 2; count++) {
      bases.push(await createDiff(harness, '--max-chain', String(limit)));
    }
    const isFull = bases.map((base) => base === '');
    const cycle = [...Array<boolean>(limit).fill(false), true];
    expect(isFull).toEqual([...cycle, ...cycle]);
  });

  test('says so, without a warning, and reads no tables of the base', async ({ harness }) => {
    const full = await createFull(harness);
    await createDiff(harness);
    const before = harness.requests(/remote_backup=/).length;
    const { code, stderr } = await harness.run('create-diff', '--max-chain', '1');
    expect(code).toBe(0);
    expect(stderr).toContain(
      `[INFO] the chain of ${full} already has 1 increment (--max-chain 1); this backup is uploaded in full`,
    );
    expect(stderr).not.toContain('[WARNING]');
    expect(harness.requests(/remote_backup=/)).toHaveLength(before + 1);
  });

  test('applies although --without-base fail is set, because there is a base', async ({
    harness,
  }) => {
    await createFull(harness);
    await createDiff(harness);
    expect(await createDiff(harness, '--max-chain', '1', '--without-base', 'fail')).toBe('');
  });

  test('has no effect on increments on the full backup', async ({ harness }) => {
    const full = await createFull(harness);
    for (let count = 0; count < 3; count++) {
      expect(await createDiff(harness, '--max-chain', '1', '--base', 'full')).toBe(full);
    }
  });

  test('limits also the chain that an old server falls back to', async ({ harnessOf }) => {
    const harness = await harnessOf({ version: '2.6.30' });
    const full = await createFull(harness);
    await createDiff(harness, '--base', 'full', '--max-chain', '1');
    harness.simulator.deleteBehind('local', full);
    expect(await createDiff(harness, '--base', 'full', '--max-chain', '1')).toBe('');
  });
});

test('the options can be set with variables', async ({ harness }) => {
  const full = await createFull(harness);
  await createDiff(harness);
  harness.env = { CHBACKUP_BASE: 'full' };
  expect(await createDiff(harness)).toBe(full);
  harness.env = { CHBACKUP_MAX_CHAIN: '1' };
  expect(await createDiff(harness)).toBe('');
  harness.removeFile(`.${harness.hostInFiles}_last_backup`);
  const last = [...harness.simulator.remote.keys()].at(-1);
  harness.env = { CHBACKUP_FIND_BASE: 'yes' };
  expect(await createDiff(harness)).toBe(last);
});

describe('what a backup lacks', () => {
  test.for([
    { what: 'dropped', spoil: ({ simulator }: Harness) => simulator.tables.delete('shop.orders') },
    {
      what: 'emptied',
      spoil: ({ simulator }: Harness) => simulator.refillTable('shop.orders', 0),
    },
    {
      what: 'excluded',
      spoil: ({ simulator }: Harness) => {
        const orders = simulator.tables.get('shop.orders');
        if (orders) orders.skip = true;
      },
    },
  ])('a table that was $what is named', async ({ spoil }, { harness }) => {
    const full = await createFull(harness);
    spoil(harness);
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(stderr).toContain(
      `[WARNING] table shop.orders has data in the base ${full}, but not in backup ${harness.lastBackup}; check whether it was`,
    );
    // Only once: the next diff is based on this one.
    expect((await harness.run('create-diff')).stderr).not.toContain('[WARNING]');
  });

  test('less than half of the data is named with both sizes', async ({ harnessOf }) => {
    const harness = await harnessOf({ version: '2.4.0' });
    const full = await createFull(harness);
    const before = harness.simulator.remote.get(full)?.sizeBytes ?? 0;
    harness.simulator.tables.delete('shop.orders');
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    const after = harness.simulator.remote.get(harness.lastBackup ?? '')?.sizeBytes ?? 0;
    expect(after).toBeLessThan(before / 2);
    expect(stderr).toMatch(
      new RegExp(
        `backup DIFF_\\S+ has \\S+ \\S+ of data, less than half of the \\S+ \\S+ of its base ${full}`,
      ),
    );
  });

  test('nothing is said about a table that is new, or still there', async ({ harness }) => {
    await createFull(harness);
    harness.simulator.insertRows('shop.new', 1000);
    harness.simulator.insertRows('shop.orders', 1000);
    expect((await harness.run('create-diff')).stderr).not.toContain('[WARNING]');
  });
});
