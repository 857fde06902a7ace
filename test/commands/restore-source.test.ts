import { describe, expect } from 'vitest';
import { beforeRequest } from '../support/before-request.js';
import { type Harness, test, versions } from '../support/harness.js';
import { addShopBackup, emptyOrders, orderRows, orders, restoresAsked } from '../support/shop.js';
import { diff2, full1 } from '../support/weeks.js';

const table = 'shop.orders';
const downloads = (harness: Harness) => harness.requests(/^POST \/backup\/download/);

function restore(harness: Harness, backup: string, ...more: string[]) {
  const argv = ['restore-table', backup, table, harness.host, 'rlAPIuser', harness.password];
  return harness.startRaw([...argv, ...more]).done;
}

/** Opens a server with a full and an increment on the remote storage and an empty table. */
async function onRemote(opening: Promise<Harness>): Promise<Harness> {
  const harness = await opening;
  addShopBackup(harness, 'remote');
  harness.simulator.addBackup('remote', { name: diff2, required: full1 });
  harness.lastBackup = diff2;
  emptyOrders(harness);
  return harness;
}

describe.each(versions)('with a server %s', (version) => {
  test('downloads a backup that is not local first, as the plan says', async ({ harnessOf }) => {
    const harness = await onRemote(harnessOf({ version }));
    const { code, stdout } = await restore(harness, diff2);
    expect(code).toBe(0);
    expect(stdout).toBe(
      `download all of ${diff2} from the remote storage\n` +
        `attach   the data in ${diff2} to shop.orders\n`,
    );
    expect(orders(harness)?.rows).toBe(orderRows);
    expect(downloads(harness)).toHaveLength(1);
    // The next restore finds the local copy.
    emptyOrders(harness);
    expect((await restore(harness, diff2)).code).toBe(0);
    expect(downloads(harness)).toHaveLength(1);
  });

  test('restores the backup named in the last-backup file for latest', async ({ harnessOf }) => {
    const harness = await onRemote(harnessOf({ version }));
    harness.lastBackup = `${full1}\n`;
    const { code } = await restore(harness, 'latest');
    expect(code).toBe(0);
    expect(downloads(harness)).toEqual([`POST /backup/download/${full1}`]);
  });

  test('restores latest from the local copy after a create', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    expect((await harness.run('create-full')).code).toBe(0);
    emptyOrders(harness);
    expect((await restore(harness, 'latest')).code).toBe(0);
    expect(orders(harness)?.rows).toBe(orderRows);
    expect(downloads(harness)).toEqual([]);
  });

  test('verifies latest on the remote storage', async ({ harnessOf }) => {
    const harness = await onRemote(harnessOf({ version }));
    addShopBackup(harness, 'local');
    harness.simulator.deleteBehind('remote', full1);
    const { code, stderr } = await restore(harness, 'latest');
    expect(code).toBe(1);
    expect(stderr).toContain(`its base ${full1} is not on the remote storage`);
    expect(harness.requests(/^POST/)).toEqual([]);
  });

  test('does not restore a broken local copy, with a hint on how to delete it', async ({
    harnessOf,
  }) => {
    const harness = await onRemote(harnessOf({ version }));
    harness.simulator.addBackup('local', { name: diff2 });
    harness.simulator.setBroken('local', diff2, 'broken metadata.json not found');
    for (const backup of [diff2, 'latest']) {
      const { code, stderr } = await restore(harness, backup, '--schema', '--yes');
      expect(code).toBe(1);
      expect(stderr).toContain('broken metadata.json');
      expect(stderr).toContain(`chbackup delete-local ${harness.host} --name ${diff2}`);
    }
    expect(harness.requests(/^POST/)).toEqual([]);
    await harness.run('delete-local', '--name', diff2, '--yes');
    expect((await restore(harness, diff2)).code).toBe(0);
    expect(orders(harness)?.rows).toBe(orderRows);
  });

  test('does not restore a download that left a broken copy, even if its action log row says success', async ({
    harnessOf,
  }) => {
    const harness = await onRemote(harnessOf({ version }));
    const spoil = () => harness.simulator.setBroken('local', diff2);
    beforeRequest(harness, /list\/local/, spoil, 3);
    const { code, stderr } = await restore(harness, diff2, '--schema', '--yes');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`the download of backup ${diff2} failed: its local copy is (old-format|broken)`),
    );
    expect(restoresAsked(harness)).toEqual([]);
    expect(orders(harness)?.generation).toBe(0);
  });

  test('accepts a download whose action log row is an error if the local list shows a complete copy', async ({
    harnessOf,
  }) => {
    const harness = await onRemote(harnessOf({ version }));
    // 2.4.20 ends each download of an increment with this error (clickhouse-backup-api.md#downloads).
    harness.simulator.failNext('download', 'context canceled', { madeAnyway: true });
    const { code, stderr } = await restore(harness, diff2);
    expect(code).toBe(0);
    expect(stderr).toContain(
      `[WARNING] backup ${diff2} was downloaded completely, although the download ended with: context canceled`,
    );
    expect(orders(harness)?.rows).toBe(orderRows);
  });

  test('does not download a backup that is broken or whose base is broken', async ({
    harnessOf,
  }) => {
    const harness = await onRemote(harnessOf({ version }));
    harness.simulator.setBroken('remote', full1);
    for (const [backup, reason] of [
      [full1, `${full1} is broken`],
      [diff2, `its base ${full1} is broken`],
    ] as const) {
      const { code, stderr } = await restore(harness, backup);
      expect(code).toBe(1);
      expect(stderr).toContain(reason);
    }
    expect(downloads(harness)).toEqual([]);
  });

  test('leaves the table unchanged if the download fails', async ({ harnessOf }) => {
    const harness = await onRemote(harnessOf({ version }));
    harness.simulator.failNext('download', 'no space left on device');
    const { code, stderr } = await restore(harness, diff2, '--schema', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain(`the download of backup ${diff2} failed: no space left on device`);
    expect(stderr).toContain(`chbackup delete-local ${harness.host} --name ${diff2}`);
    expect(harness.log).toMatch(/DOWNLOAD ERROR:\n.*no space left/);
    expect(orders(harness)).toMatchObject({ rows: 0, generation: 0 });
    expect(restoresAsked(harness)).toEqual([]);
  });

  test('does not duplicate rows that were inserted during the download', async ({ harnessOf }) => {
    const harness = await onRemote(harnessOf({ version, workMs: { download: 3_600_000 } }));
    harness.later(1_800_000, () => harness.simulator.insertRows(table, 9));
    const { code, stderr } = await restore(harness, diff2);
    expect(code).toBe(1);
    expect(stderr).toContain('already contains data (720 B)');
    expect(orders(harness)?.rows).toBe(9);
    expect(restoresAsked(harness)).toEqual([]);
  });

  describe('a storage that is down', () => {
    test('does not prevent a restore from a local copy', async ({ harnessOf }) => {
      const harness = await onRemote(harnessOf({ version }));
      const { tables } = harness.simulator.remote.get(full1)!;
      harness.simulator.addBackup('local', { name: full1, tables: new Map(tables) });
      harness.simulator.storageDown = true;
      expect((await restore(harness, full1)).code).toBe(0);
      expect(orders(harness)?.rows).toBe(orderRows);
    });

    test('leads to exit 1 for latest and for a backup that is not local', async ({ harnessOf }) => {
      const harness = await onRemote(harnessOf({ version }));
      harness.simulator.storageDown = true;
      for (const backup of ['latest', diff2, 'ANY']) {
        const { code, stderr } = await restore(harness, backup);
        expect(code).toBe(1);
        expect(stderr).toContain('the remote storage lists no backups; it may be down');
      }
      expect(harness.requests(/^POST/)).toEqual([]);
    });
  });

  describe('--into', () => {
    const mapped = `restore/${full1}?table=shop.orders&restore_database_mapping=shop:copy`;

    test('restores into another database and leaves the original unchanged', async ({
      harnessOf,
    }) => {
      const harness = await harnessOf({ version });
      addShopBackup(harness, 'local');
      harness.simulator.insertRows(table, 5);
      const before = { ...orders(harness) };
      const { code, stdout } = await restore(harness, full1, '--into', 'copy.orders');
      expect(code).toBe(0);
      expect(stdout).toBe(
        `create   copy.orders with the definition of shop.orders in ${full1}\n` +
          `attach   the data of shop.orders in ${full1} to copy.orders\n`,
      );
      expect(restoresAsked(harness)).toEqual([mapped]);
      expect(orders(harness)).toEqual(before);
      expect(harness.simulator.tables.get('copy.orders')?.rows).toBe(orderRows);
    });

    test('requires 2.5.20 for another table name, and 2.6.40 for one in the same database', async ({
      harnessOf,
    }) => {
      const harness = await harnessOf({ version });
      addShopBackup(harness, 'local');
      const before = { ...orders(harness) };
      const elsewhere = await restore(harness, full1, '--into', 'copy.orders_old');
      const beside = await restore(harness, full1, '--into', 'shop.orders_old');
      expect(orders(harness)).toEqual(before);
      expect([elsewhere.code, beside.code]).toEqual(
        { '2.4.0': [2, 2], '2.6.30': [0, 2], '2.8.1': [0, 0] }[version],
      );
      if (version === '2.4.0') {
        expect(elsewhere.stderr).toContain('cannot restore under another table name');
        expect(harness.requests()).toEqual(['GET /backup/version', 'GET /backup/version']);
      } else {
        expect(harness.simulator.tables.get('copy.orders_old')?.rows).toBe(orderRows);
      }
      if (version === '2.6.30') {
        expect(beside.stderr).toContain('cannot restore under another name in the same database');
      }
      const made = harness.simulator.tables.get('shop.orders_old')?.rows;
      expect(made).toBe(version === '2.8.1' ? orderRows : undefined);
    });

    test('refuses an existing target, even if it is empty and even with --yes', async ({
      harnessOf,
    }) => {
      const harness = await harnessOf({ version });
      addShopBackup(harness, 'local');
      harness.simulator.tables.set('copy.orders', { ...orders(harness)!, rows: 0, totalBytes: 0 });
      const { code, stderr } = await restore(harness, full1, '--into', 'copy.orders', '--yes');
      expect(code).toBe(1);
      expect(stderr).toContain('copy.orders already exists; --into requires a new table');
      expect(restoresAsked(harness)).toEqual([]);
    });

    test('refuses a target that appears during the download', async ({ harnessOf }) => {
      const harness = await onRemote(harnessOf({ version }));
      harness.simulator.tables.delete('copy.orders');
      const appear = () => harness.simulator.refillTable('copy.orders', 3);
      beforeRequest(harness, /^POST \/backup\/download/, appear);
      const { code } = await restore(harness, full1, '--into', 'copy.orders');
      expect(code).toBe(1);
      expect(restoresAsked(harness)).toEqual([]);
      expect(harness.simulator.tables.get('copy.orders')?.rows).toBe(3);
    });

    test('exits with 1 if the backup contains no rows', async ({ harnessOf }) => {
      const harness = await harnessOf({ version });
      emptyOrders(harness);
      addShopBackup(harness, 'local');
      const { code, stderr } = await restore(harness, full1, '--into', 'copy.orders');
      expect(code).toBe(1);
      expect(stderr).toContain('copy.orders is empty');
    });
  });
});

test.for([
  { versionText: '2.5.19', into: 'copy.o2', code: 2 },
  { versionText: '2.5.20', into: 'copy.o2', code: 0 },
  { versionText: '2.6.39', into: 'shop.o2', code: 2 },
  { versionText: '2.6.40', into: 'shop.o2', code: 0 },
  { versionText: 'v2.10.0', into: 'shop.o2', code: 0 },
  { versionText: 'unknown', into: 'copy.o2', code: 2 },
])('exits with $code for --into $into on a server $versionText', async (row, { harnessOf }) => {
  const { versionText, into, code } = row;
  const profile = { tableMappingAlone: true };
  const harness = await harnessOf({ version: '2.6.30', versionText, profile });
  addShopBackup(harness, 'local');
  expect((await restore(harness, full1, '--into', into)).code).toBe(code);
});

test.for([
  { versionText: '2.5.12', code: 2 },
  { versionText: '2.5.13', code: 0 },
])(
  'exits with $code for --no-check-replicas on a server $versionText',
  async (row, { harnessOf }) => {
    const { versionText, code } = row;
    const harness = await harnessOf({ version: '2.6.30', versionText });
    addShopBackup(harness, 'local');
    emptyOrders(harness);
    expect((await restore(harness, full1, '--no-check-replicas')).code).toBe(code);
  },
);

describe('latest, if the last-backup file names no backup', () => {
  test.for([undefined, '', '\n', 'a b', '../x'])(
    'exits with 10 for %j',
    async (text, { harness }) => {
      addShopBackup(harness, 'local', 'remote');
      emptyOrders(harness);
      if (text !== undefined) harness.lastBackup = text;
      const { code, stderr } = await restore(harness, 'latest');
      expect(code).toBe(10);
      expect(stderr).toContain('no latest backup is recorded');
      expect(harness.requests(/^POST/)).toEqual([]);
    },
  );
});

describe('a folder without metadata that 2.4.0 leaves for the base of a download', () => {
  test('is replaced by a download if that base is restored, as the plan says', async ({
    harnessOf,
  }) => {
    const harness = await onRemote(harnessOf({ version: '2.4.0' }));
    expect((await restore(harness, diff2)).code).toBe(0);
    const listed = await harness.run('list', '--location', 'local');
    expect(listed.stdout).toMatch(new RegExp(`${full1} .*old-format$`, 'm'));
    emptyOrders(harness);
    const { code, stdout } = await restore(harness, full1);
    expect(code).toBe(0);
    expect(stdout).toContain(
      `download all of ${full1} from the remote storage, replacing the incomplete local copy`,
    );
    expect(downloads(harness)).toEqual([
      `POST /backup/download/${diff2}`,
      `POST /backup/download/${full1}`,
    ]);
    expect(orders(harness)?.rows).toBe(orderRows);
  });

  test('is replaced even if chbackup did not create the name', async ({ harnessOf }) => {
    const harness = await onRemote(harnessOf({ version: '2.4.0' }));
    const { tables } = harness.simulator.remote.get(full1)!;
    harness.simulator.addBackup('remote', { name: 'mine', tables: new Map(tables) });
    harness.simulator.addBackup('local', { name: 'mine' });
    harness.simulator.setBroken('local', 'mine');
    expect((await restore(harness, 'mine')).code).toBe(0);
    expect(downloads(harness)).toEqual(['POST /backup/download/mine']);
  });

  test('is not replaced if the backup on the remote storage is broken', async ({ harnessOf }) => {
    const harness = await onRemote(harnessOf({ version: '2.4.0' }));
    expect((await restore(harness, diff2)).code).toBe(0);
    harness.simulator.setBroken('remote', full1);
    emptyOrders(harness);
    const { code, stderr } = await restore(harness, full1);
    expect(code).toBe(1);
    expect(stderr).toContain(`${full1} is broken`);
    expect(downloads(harness)).toHaveLength(1);
  });
});
