import { describe, expect } from 'vitest';
import { planDeletion } from '../../src/backup/deletion/plan.js';
import { backupName } from '../../src/backup/names.js';
import type { Backup } from '../../src/backup/backup.js';
import { cpuTimeOf } from '../support/cpu-time.js';
import { type Harness, test, versions } from '../support/harness.js';
import { deletesAsked, namesAt, orphans } from '../support/weeks.js';

const hour = 3_600_000;

/** Returns hourly backups up to an hour ago, with one full per day, oldest first. */
function hourly(count: number, nowMs: number): { name: string; base: string; atMs: number }[] {
  const made: { name: string; base: string; atMs: number }[] = [];
  for (let at = 0; at < count; at++) {
    const atMs = nowMs - (count - at) * hour;
    const isFull = at % 24 === 0;
    const name = backupName(isFull ? 'FULL' : 'DIFF', new Date(atMs));
    made.push({ name, base: isFull ? '' : (made.at(-1)?.name ?? ''), atMs });
  }
  return made;
}

function fill(harness: Harness, count: number): string[] {
  const made = hourly(count, harness.clock.now());
  for (const { name, base, atMs } of made) {
    const times = { createdMs: atMs, uploadedMs: atMs };
    harness.simulator.addBackup('remote', { name, required: base, ...times });
  }
  return made.map(({ name }) => name);
}

describe.each(versions)('1,000 remote backups on a server %s', (version) => {
  test('requests one list each time it reads the backups', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    const names = fill(harness, 1000);
    const lists = () => harness.requests(/^GET \/backup\/list/).length;
    const listed = await harness.run('list', '--location', 'remote');
    expect(listed.stdout.match(/^ {2}\w+_CH_BK_/gm)).toHaveLength(1000);
    expect(lists()).toBe(1);

    const keep100 = ['--keep', '100', '--dry-run', '--verbose'];
    const dry = await harness.run('delete-remote', ...keep100);
    expect(dry.stdout.match(/^(keep|delete) /gm)).toHaveLength(1000);
    expect(lists()).toBe(2);

    const { code } = await harness.run('delete-remote', '--keep', '960', '--yes');
    expect(code).toBe(0);
    // One for the displayed plan and one for the plan under the lock; none between the deletes.
    expect(lists()).toBe(4);
    // The 961st newest backup is in the middle of a chain, whose start is kept with it.
    expect(deletesAsked(harness)).toEqual(names.slice(0, 24).toReversed());
    expect(namesAt(harness, 'remote')).toEqual(names.slice(24));
    expect(orphans(harness.simulator.remote)).toEqual([]);
  });
});

test('sends two requests per deleted backup', async ({ harness }) => {
  fill(harness, 1000);
  const { code } = await harness.run('delete-remote', '--keep', '760', '--yes');
  expect(code).toBe(0);
  expect(namesAt(harness, 'remote')).toHaveLength(760);
  expect(harness.requests(/list/)).toHaveLength(2);
  // Two per delete: its earlier action log rows and the delete itself. Five more: the two lists,
  // the running actions before each of them, and one check of ClickHouse.
  expect(harness.requests().length).toBeLessThanOrEqual(2 * 240 + 5);
}, 30_000);

test('planning time grows linearly with the number of backups', () => {
  const nowMs = Date.parse('2026-11-22T10:00:00');
  const rows = (count: number): Backup[] =>
    hourly(count, nowMs).map(({ name, base }) => ({
      name,
      location: 'remote',
      created: '',
      required: base,
      description: 'tar, regular',
      state: 'ok',
    }));
  const plan = (backups: Backup[]) => {
    const selection = { kind: 'keep' as const, count: backups.length / 4 };
    return planDeletion({ location: 'remote', backups, selection, nowMs, lastBackups: [] });
  };
  const [few, many] = [rows(1000), rows(8000)];
  plan(few);
  // Eight times the backups: a quadratic plan would take 64 times as long.
  expect(cpuTimeOf(() => plan(many)) / cpuTimeOf(() => plan(few))).toBeLessThan(30);
});
