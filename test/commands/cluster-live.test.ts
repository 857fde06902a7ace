import { afterEach, beforeEach, describe, expect, vi } from 'vitest';
import { type ClusterHarness, test } from '../support/cluster-harness.js';
import { FakeTerminal } from '../support/fake-terminal.js';

const minute = 60_000;
const three = 'ch-{1..3}{a|b}';

beforeEach(() => {
  // Time passes for the redraws too, so that each change is drawn.
  let nowMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 1000));
});
afterEach(() => void vi.restoreAllMocks());

/** Adds a terminal and that many shards, `s-1` and so on, with uploads of ten minutes. */
function addSlowShards(cluster: ClusterHarness, count: number, rows = 24) {
  const terminal = new FakeTerminal(240, rows);
  cluster.terminal = terminal;
  const hosts = Array.from({ length: count }, (_, at) => `s-${at + 1}`);
  for (const host of hosts) cluster.addShard([host], { workMs: { upload: 10 * minute } });
  return { terminal, hosts: hosts.join(',') };
}

/** Checks that only lines that stay are left, and returns them. */
function linesLeft(terminal: FakeTerminal): string[] {
  expect(terminal.isCursorShown).toBe(true);
  expect(terminal.wraps).toBe(0);
  for (const line of terminal.shown) expect(line).toMatch(/\[INFO\]|\[WARNING\]|::::\[ERROR\]/);
  return terminal.shown;
}

describe('on a terminal', () => {
  test('a cluster shows a line per shard below the lines that stay', async ({ cluster }) => {
    const { terminal, hosts } = addSlowShards(cluster, 3);
    const running = cluster.start('create-full', hosts);
    await running.begun;
    await cluster.clock.sleep(5 * minute);
    expect(terminal.shown).toEqual([
      ...[1, 2, 3].map((shard) => `s-${shard} [INFO] create-full started`),
      ...[1, 2, 3].map((shard) => {
        return expect.stringMatching(
          new RegExp(`^s-${shard}  uploading FULL_CH_BK_2026-11-22_10-00-00(_\\d)? \\d+[ms]`),
        ) as string;
      }),
    ]);
    expect(terminal.isCursorShown).toBe(false);
    expect((await running.done).code).toBe(0);
    const lines = linesLeft(terminal);
    expect(lines).toHaveLength(7);
    expect(lines.at(-1)).toBe('[INFO] all 3 shards are backed up');
  });

  test('a warning is printed above the lines of the shards', async ({ cluster }) => {
    const { terminal, hosts } = addSlowShards(cluster, 2);
    cluster.at('s-1').busyWith('watch', minute);
    const running = cluster.start('create-full', hosts);
    await running.begun;
    await cluster.clock.sleep(30_000);
    expect(terminal.shown).toEqual([
      's-1 [INFO] create-full started',
      's-2 [INFO] create-full started',
      expect.stringMatching(/^s-1 \[WARNING\] waiting for `watch`, which has been running since/),
      expect.stringMatching(/^s-1  waiting for `watch` \d+s$/),
      expect.stringMatching(/^s-2  uploading FULL_\S+ \d+s$/),
    ]);
    expect((await running.done).code).toBe(0);
    expect(linesLeft(terminal).join('\n')).not.toContain('still');
  });

  test('a large cluster shows one line that counts', async ({ cluster }) => {
    const { terminal, hosts } = addSlowShards(cluster, 30);
    const running = cluster.start('create-full', hosts, '--parallel', '10');
    await running.begun;
    await cluster.clock.sleep(5 * minute);
    expect(terminal.shown).toHaveLength(31);
    expect(terminal.shown.at(-1)).toMatch(
      /^0 of 30 shards done, 10 uploading, 20 waiting \(slowest: s-\d+, \d/,
    );
    await cluster.clock.sleep(8 * minute);
    expect(terminal.shown.at(-1)).toMatch(/^10 of 30 shards done, 10 uploading, 10 waiting \(/);
    await cluster.clock.sleep(10 * minute);
    // The last ten fit.
    expect(terminal.shown.slice(-10).join('\n')).toMatch(
      /^(s-\d+ +uploading FULL_[^\n]+(\n|$)){10}$/,
    );
    expect((await running.done).code).toBe(0);
    expect(linesLeft(terminal).at(-1)).toBe('[INFO] all 30 shards are backed up');
  });

  test('the lines are removed when a shard fails', async ({ cluster }) => {
    const { terminal, hosts } = addSlowShards(cluster, 2);
    cluster.at('s-2').failNext('create', 'disk full');
    const running = cluster.start('create-full', hosts);
    await running.begun;
    await cluster.clock.sleep(minute);
    expect(terminal.shown.slice(-2)).toEqual([
      expect.stringMatching(/^s-2 ::::\[ERROR\] the creation of backup FULL_\S+ failed: disk full/),
      expect.stringMatching(/^s-1  uploading /),
    ]);
    expect((await running.done).code).toBe(3);
    expect(linesLeft(terminal).at(-1)).toBe(
      '::::[ERROR] 1 of 2 shards is backed up; failed: s-2 (failed, exit 1)',
    );
  });

  test('a signal removes the lines and shows the cursor', async ({ cluster }) => {
    const { terminal, hosts } = addSlowShards(cluster, 3);
    const running = cluster.start('create-full', hosts);
    await running.begun;
    await cluster.clock.sleep(minute);
    running.signal('SIGINT');
    expect((await running.done).code).toBe(130);
    expect(linesLeft(terminal).at(-1)).toBe(
      '::::[ERROR] stopped by SIGINT; 0 of 3 shards are backed up; the outcome of 3 shards is unknown, and the next run will check',
    );
  });

  test('list shows them too, and nothing is left above its tables', async ({ cluster }) => {
    const terminal = new FakeTerminal();
    cluster.terminal = terminal;
    const { code, stdout } = await cluster.run('list', three);
    expect(code).toBe(0);
    expect(stdout.match(/^ch-\d/gm)).toHaveLength(3);
    expect(terminal.screens.flat()).toContainEqual(
      expect.stringMatching(/^ch-1a\|ch-1b  listing backups 0s$/),
    );
    expect(linesLeft(terminal)).toEqual([]);
  });

  test('a password in the place of the hosts is not shown', async ({ cluster }) => {
    const terminal = new FakeTerminal();
    cluster.terminal = terminal;
    await cluster.runRaw(['create-full', 'geheim,streng', 'user', 'ch1']);
    expect(terminal.screens.flat().join('\n')).not.toMatch(/geheim|streng/);
    expect(terminal.screens.flat().join('\n')).toMatch(/^shard 1 {2}/m);
  });

  test.for([
    { name: '--quiet', options: ['--quiet'], env: {} },
    { name: '--json', options: ['--json'], env: {} },
    { name: 'TERM=dumb', options: [], env: { TERM: 'dumb' } },
    { name: 'CI', options: [], env: { CI: 'true' } },
  ])('there are no such lines with $name', async ({ options, env }, { cluster }) => {
    const terminal = new FakeTerminal(240);
    cluster.terminal = terminal;
    Object.assign(cluster.env, env);
    expect((await cluster.run('create-full', three, ...options)).code).toBe(0);
    expect(terminal.screens.flat().join('\n')).not.toMatch(/^ch-\S+ {2}/m);
    expect(terminal.listenerCount('resize')).toBe(0);
  });
});
