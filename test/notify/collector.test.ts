import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { formatCheckMetrics } from '../../src/notify/check-metrics.js';
import { formatRunMetrics } from '../../src/notify/run-metrics.js';

const at = new Date('2026-11-22T10:00:00.000Z');

const run = (shard: string, command: string, previous?: string) =>
  formatRunMetrics(
    { command, shard, startedAt: at, finishedAt: at, seconds: 1, exitCode: 0 },
    {
      firstRunAt: at,
      lastRuns: {},
      lastSuccess: {
        DIFF: {
          ...{ backup: 'DIFF_CH_BK_2026-11-22_10-00-00', base: undefined, replica: undefined },
          ...{ createdAt: at, recordedAt: at, dataBytes: 8_000_000_000_000, chainLength: 2 },
          ...{ fullBackup: undefined, createSeconds: 1, uploadSeconds: 1, notReplicated: [] },
        },
      },
    },
    previous,
  );

const check = (shard: string) =>
  formatCheckMetrics(shard, at, {
    exitCode: 1,
    checks: [
      { name: 'server', status: 'ok', text: 'it answers' },
      { name: 'newest', status: 'critical', text: 'it is 9h old' },
      { name: 'last-backup', status: 'warning', text: 'it is broken' },
      { name: 'complete', status: 'skipped', text: 'only with --deep' },
    ],
  });

/** The files of two shards and of a check of each, as they lie in one directory. */
const files = async () => [
  await run('ch-1a', 'create-full', await run('ch-1a', 'create-diff')),
  await run('ch-2a_7172', 'create-diff'),
  await check('ch-1a'),
  await check('ch-2a_7172'),
];

test('a check has one status per check, and its time', async () => {
  const lines = (await check('ch-1a')).split('\n').filter((line) => line.startsWith('chbackup'));
  expect(lines).toEqual([
    `chbackup_check_timestamp_seconds{shard="ch-1a"} ${at.getTime() / 1000}`,
    'chbackup_check_status{shard="ch-1a",check="server"} 0',
    'chbackup_check_status{shard="ch-1a",check="newest"} 2',
    'chbackup_check_status{shard="ch-1a",check="last-backup"} 1',
  ]);
});

describe('the files of two shards and their checks together', () => {
  test('have no series twice', async () => {
    const lines = (await files()).flatMap((text) => text.split('\n'));
    const series = lines.filter((line) => line.startsWith('chbackup_'));
    const ids = series.map((line) => line.split(' ')[0]);
    expect(ids.length).toBeGreaterThan(20);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('have one help and one type for each name, before its values', async () => {
    const comments = new Map<string, Set<string>>();
    for (const text of await files()) {
      let named = new Set<string>();
      for (const line of text.split('\n').filter((each) => each !== '')) {
        const [, kind, name = ''] = /^# (HELP|TYPE) (\w+) /.exec(line) ?? [];
        if (kind === undefined) {
          expect(named).toEqual(new Set([/^\w+/.exec(line)?.[0]]));
        } else {
          if (kind === 'HELP') named = new Set([name]);
          const key = `${kind} ${name}`;
          comments.set(key, (comments.get(key) ?? new Set()).add(line));
        }
      }
    }
    expect(comments.size).toBe(2 * 9);
    for (const lines of comments.values()) expect(lines.size).toBe(1);
  });

  test('have lines of the form that the collector reads, without timestamps', async () => {
    for (const text of await files()) {
      for (const line of text.split('\n').filter((each) => /^[^#]/.test(each))) {
        expect(line).toMatch(/^chbackup_[a-z_]+\{(?:[a-z]+="[\w.-]+",?)+\} \d+(?:\.\d+)?$/);
      }
    }
  });

  test.skipIf(!isOnPath('promtool'))('pass promtool check metrics', async () => {
    for (const text of await files()) {
      expect(() => execFileSync('promtool', ['check', 'metrics'], { input: text })).not.toThrow();
    }
  });
});

function isOnPath(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
