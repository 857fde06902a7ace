import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { makeChain, makeFull } from './make-chain.js';
import { makeIncomplete } from './make-incomplete.js';
import { onEachCluster, onEachServer } from './on-each-server.js';
import type { Result } from './program-run.js';
import type { Stack } from './stack.js';

interface Checked {
  status: string;
  exitCode: number;
  shards: {
    host: string | null;
    newest: string | null;
    ageSeconds: number | null;
    chain: number | null;
    checks: { name: string; status: string; text: string }[];
  }[];
}

type Run = (...options: string[]) => Promise<Result>;

/** Runs `check` in all three forms, which must agree; returns what is not good, and the result as JSON. */
async function check(run: Run, ...options: string[]) {
  const [json, text, nagios] = await Promise.all([
    run('--json', ...options),
    run(...options),
    run('--nagios', ...options),
  ]);
  const result = JSON.parse(json.stdout) as Checked;
  expect([json.exitCode, text.exitCode]).toEqual([result.exitCode, result.exitCode]);
  expect(text.stdout).toMatch(new RegExp(`\\n${result.status.toUpperCase()}: .*\\n$`));
  const codes: Record<string, number> = { ok: 0, warning: 1, critical: 2 };
  expect(nagios.exitCode).toBe(codes[result.status]);
  expect(nagios.stdout).toMatch(
    new RegExp(`^CHBACKUP ${result.status.toUpperCase()} - [^|\\n]+\\|age=[^|\\n]+\\n$`),
  );
  const checks = result.shards.flatMap((shard) => shard.checks);
  const bad = checks.filter(({ status }) => status === 'warning' || status === 'critical');
  const textOf = (name: string) => checks.find((each) => each.name === name)?.text;
  return {
    code: result.exitCode,
    bad: bad.map(({ name, status }) => `${name} ${status}`),
    shard: result.shards[0],
    textOf,
    text: text.stdout,
  };
}

const on =
  (stack: Stack): Run =>
  (...options) =>
    stack.runFast('check', ...options);

onEachServer('check', (test) => {
  test('no backup, a fresh one, a stale one, a broken chain', async ({ stack }) => {
    const none = await check(on(stack));
    expect([none.code, none.bad]).toEqual([1, ['newest critical']]);

    const [full, , last] = await makeChain(stack);
    const before = await stack.api.actions();
    const fresh = await check(on(stack));
    expect([fresh.code, fresh.bad]).toEqual([0, []]);
    expect(fresh.shard).toMatchObject({ host: stack.host, newest: last, chain: 3 });
    const started = (await stack.api.actions()).slice(before.length);
    expect(started.every(({ command }) => command.startsWith('list'))).toBe(true);

    await sleep(2000);
    const stale = await check(on(stack), '--max-age', '1s');
    expect([stale.code, stale.bad]).toEqual([1, ['newest critical']]);

    stack.storage.remove(`shard1/${full}`);
    const broken = await check(on(stack));
    expect([broken.code, broken.bad]).toEqual([1, ['newest critical', 'last-backup critical']]);
  });

  test('a backup that is running: a stale backup is a warning', async ({ stack }) => {
    await makeFull(stack);
    await stack.clickhouse.insertRows('shop.orders', 1000, 1_500_000);
    await sleep(10_000);
    const { run, backup } = await stack.startSlowUpload('create-diff');
    const { code, bad, textOf } = await check(on(stack), '--max-age', '10s', '--wait', '0');
    // Up to 2.4, the list is not read, and the status file knows only the full backup.
    expect([code, bad.filter((each) => each !== 'server warning')]).toEqual([
      0,
      ['newest warning'],
    ]);
    expect(textOf('newest')).toMatch(/more than 10s; create-diff began \d+s ago and is running$/);
    expect((await run.result).exitCode).toBe(0);
    expect(stack.lastBackup()).toBe(backup);
    const after = await check(on(stack));
    expect([after.code, after.bad]).toEqual([0, []]);
  });

  test('a storage that is down, and a name in the future', async ({ stack }) => {
    const full = await makeFull(stack);
    await stack.storage.stop();
    const down = await check(on(stack));
    expect(down.code).toBe(1);
    expect(down.bad).toEqual(['newest critical', 'last-backup critical']);
    await stack.storage.start();
    const up = await check(on(stack));
    expect([up.code, up.bad, up.shard?.newest]).toEqual([0, [], full]);

    await stack.api.act('create_remote FULL_CH_BK_2099-01-01_00-00-00');
    const ahead = await check(on(stack));
    expect(ahead.code).toBe(0);
    expect(ahead.bad).toEqual(['newest warning', 'full warning', 'clock warning']);
    expect(ahead.shard?.ageSeconds).toBeNull();
  });

  test('an incomplete base with --deep', async ({ stack }) => {
    const [full] = await makeChain(stack);
    const good = await check(on(stack), '--deep');
    const { showsTables } = stack.api;
    expect([good.code, good.bad]).toEqual([0, showsTables ? [] : ['complete warning']]);
    await makeIncomplete(stack, full);
    const { code, bad, textOf } = await check(on(stack), '--deep');
    expect([code, bad]).toEqual(
      showsTables ? [1, ['complete critical']] : [0, ['complete warning']],
    );
    if (showsTables) expect(textOf('complete')).toContain(`backup ${full} is incomplete`);
    expect((await check(on(stack))).code).toBe(0);
  });

  test('a wrong password: 12; ClickHouse down and the server down: 13', async ({ stack }) => {
    await makeFull(stack);
    const wrong = await check((...options) => stack.startAs('wrong', 'check', ...options).result);
    expect([wrong.code, wrong.bad]).toEqual([12, ['server critical']]);
    await stack.clickhouse.process.kill();
    const noClickHouse = await check(on(stack));
    expect([noClickHouse.code, noClickHouse.bad]).toEqual([13, ['server critical']]);
    expect(noClickHouse.textOf('server')).toContain(`ClickHouse behind ${stack.host}`);
    await stack.api.kill();
    const down = await check(on(stack), '--connect-timeout', '2s');
    expect([down.code, down.bad]).toEqual([13, ['server critical']]);
  });
});

onEachCluster('check of a cluster', (test) => {
  test('a dead replica is a warning, a dead shard exit 3', async ({ cluster }) => {
    await cluster.createTables();
    await cluster.insertRows(0, 1000);
    expect((await cluster.create('create-full')).exitCode).toBe(0);
    const run: Run = (...options) => cluster.start('check', cluster.notation, ...options).result;
    const good = await check(run);
    expect([good.code, good.bad]).toEqual([0, []]);
    await cluster.a1.stop();
    const fallback = await check(run);
    expect([fallback.code, fallback.bad]).toEqual([0, ['replicas warning']]);
    expect(fallback.shard?.host).toBe(cluster.a2.host);
    await cluster.a2.stop();
    const dead = await check(run);
    expect([dead.code, dead.bad]).toEqual([3, ['server critical']]);
  });
});
