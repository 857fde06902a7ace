import { describe, expect, vi } from 'vitest';
import { basicAuthorization } from '../faults/secret.js';
import { beforeRequest } from '../support/before-request.js';
import { type Harness, test, versions } from '../support/harness.js';
import { addShopBackup, emptyOrders, orderRows, orders } from '../support/shop.js';
import { CapturedStream, typedInput } from '../support/streams.js';
import { addWeeks, full1, namesAt, orphans } from '../support/weeks.js';

/** Other clients of the same server change things between a plan and the moment it is carried out. */

const minute = 60_000;

/** Sends a request as another client and does not wait for the response. */
function another({ simulator, password }: Harness, path: string): void {
  const authorization = basicAuthorization(password);
  void simulator.handle({ method: 'POST', path, headers: { authorization }, body: '' });
}

function restore(harness: Harness, ...more: string[]) {
  const { host, password } = harness;
  const argv = ['restore-table', full1, 'shop.orders', host, 'rlAPIuser', password];
  return harness.startRaw([...argv, ...more]).done;
}

const firstRestore = /^POST \/backup\/restore/;

describe.each(versions)('with a server %s', (version) => {
  test('does not mistake a restore of another table of the same backup for its own', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version, workMs: { restore: minute } });
    addShopBackup(harness, 'local', 'remote');
    emptyOrders(harness);
    harness.simulator.insertRows('shop.orders', 5);
    beforeRequest(harness, firstRestore, () =>
      another(harness, `/backup/restore/${full1}?table=shop.customers&data=true`),
    );
    const { code, stderr } = await restore(harness, '--schema', '--yes');
    expect(code).toBe(0);
    expect(stderr).toContain('waiting for `restore --tables="shop.customers"');
    expect(orders(harness)?.rows).toBe(orderRows);
    expect(orders(harness)?.generation).toBe(1);
  });

  test('reports its own error even if another restore of the same backup succeeds', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version, workMs: { restore: 5 * minute } });
    addShopBackup(harness, 'local', 'remote');
    emptyOrders(harness);
    harness.simulator.insertRows('shop.orders', 5);
    harness.simulator.failNext('restore', 'code: 241, memory limit exceeded');
    beforeRequest(harness, firstRestore, () =>
      harness.later(5 * minute + 500, () =>
        another(harness, `/backup/restore/${full1}?table=shop.customers&data=true`),
      ),
    );
    const { code, stderr } = await restore(harness, '--append');
    expect([code, stderr]).toEqual([1, expect.stringContaining('memory limit exceeded')]);
  });

  test('does not mistake an older action log row of the same restore for this one', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    addShopBackup(harness, 'local', 'remote');
    emptyOrders(harness);
    expect((await restore(harness)).code).toBe(0);
    harness.simulator.loseNextAnswer({ method: 'POST', path: /restore/ }, { done: false });
    const { code, stderr } = await restore(harness, '--append');
    expect([code, stderr]).toEqual([1, expect.stringContaining('the answer was lost')]);
    expect(orders(harness)?.rows).toBe(orderRows);
  });

  test('restores once if the request was duplicated on its way', async ({ harnessOf }) => {
    const harness = await harnessOf({ version, workMs: { restore: minute } });
    addShopBackup(harness, 'local', 'remote');
    emptyOrders(harness);
    beforeRequest(harness, firstRestore, ({ path }) => another(harness, path));
    expect((await restore(harness)).code).toBe(0);
    expect(orders(harness)?.rows).toBe(orderRows);
  });

  test('does not duplicate rows that were restored while it waited for the server', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version, workMs: { restore: minute } });
    addShopBackup(harness, 'local', 'remote');
    const tables = new Map(harness.simulator.local.get(full1)?.tables);
    harness.simulator.addBackup('local', { name: 'B2', tables });
    emptyOrders(harness);
    beforeRequest(harness, firstRestore, () =>
      another(harness, '/backup/restore/B2?table=shop.orders&data=true'),
    );
    const { code, stderr } = await restore(harness);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('and its rows would be duplicated'),
    ]);
    expect(orders(harness)?.rows).toBe(orderRows);
  });

  test.for([
    { more: ['--schema'], target: 'shop.orders', says: 'has changed since the plan was shown' },
    { more: ['--into', 'old.orders'], target: 'old.orders', says: 'already exists' },
  ])(
    'does not drop a table that appeared while it waited: $more',
    async ({ more, target, says }, { harnessOf }) => {
      const harness = await harnessOf({ version });
      addShopBackup(harness, 'local', 'remote');
      harness.simulator.tables.delete(target);
      beforeRequest(harness, firstRestore, () => {
        harness.simulator.busyWith('create X', 20 * minute);
        harness.later(minute, () => harness.simulator.insertRows(target, 7));
      });
      const { code, stderr } = await restore(harness, ...more);
      expect([code, stderr]).toEqual([1, expect.stringContaining(says)]);
      expect(harness.simulator.tables.get(target)?.rows).toBe(7);
    },
  );

  test('warns if --append attached nothing', async ({ harnessOf }) => {
    const harness = await harnessOf({ version: '2.4.0' });
    addShopBackup(harness, 'local', 'remote');
    emptyOrders(harness, 'ReplicatedMergeTree');
    harness.simulator.insertRows('shop.orders', 5);
    harness.simulator.replicaBusy('shop.orders');
    const { code, stderr } = await restore(harness, '--append');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /\[WARNING\] table shop\.orders contains no more data than before; .*--no-check-repl/,
    );
  });

  test('keeps the base of an increment that was uploaded while the delete waited', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version, workMs: { upload: 5 * minute } });
    addWeeks(harness);
    harness.simulator.addBackup('local', { name: full1 });
    harness.simulator.addBackup('local', { name: 'OTHERS' });
    beforeRequest(harness, /^POST \/backup\/delete/, () =>
      another(harness, `/backup/upload/OTHERS?diff-from=${full1}`),
    );
    const { code, stderr } = await harness.run('delete-remote', '--keep', '2', '--yes');
    expect(code).toBe(3);
    expect(stderr).toContain(`${full1} (OTHERS requires it)`);
    expect(namesAt(harness, 'remote')).toContain(full1);
    expect(orphans(harness.simulator.remote)).toEqual([]);
    expect(harness.simulator.isWhole('OTHERS')).toBe(true);
  });
});

test('does not block a backup while a question is unanswered', async ({ harness }) => {
  addShopBackup(harness, 'local', 'remote');
  emptyOrders(harness);
  harness.simulator.insertRows('shop.orders', 5);
  const stdin = typedInput('');
  const stderr = new CapturedStream(true);
  harness.environment = { stdin, stderr };
  const restoring = restore(harness, '--schema');
  await vi.waitFor(() => expect(stderr.text).toContain('Drop table shop.orders'));
  harness.environment = {};
  expect((await harness.run('create-full', '--wait', '0')).code).toBe(0);
  stdin.write('yes\n');
  expect((await restoring).code).toBe(0);
  expect(orders(harness)?.rows).toBe(orderRows);
});
