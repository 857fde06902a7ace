import { describe, expect, test } from 'vitest';
import { ShardLines } from '../../src/cli/ui/shard-lines.js';
import type { Activity } from '../../src/use-cases/reporter.js';
import { VirtualClock } from '../support/virtual-clock.js';

const minute = 60_000;
const size = { rows: 24, columns: 80 };

/** Returns the lines of that many shards, `ch-001` and so on, and how often they have changed. */
function openLines(count: number) {
  const clock = new VirtualClock();
  let changes = 0;
  const lines = new ShardLines(count, clock, () => (changes += 1));
  const shards = Array.from({ length: count }, (_, at) => {
    const label = `ch-${String(at + 1).padStart(3, '0')}`;
    const shard = lines.open(() => label);
    const show = (text: string, activity: Activity = 'working', elapsedMs?: number) => {
      shard.show({ text, activity, elapsedMs });
    };
    return { ...shard, show };
  });
  return { clock, lines, shards, changes: () => changes };
}

describe('one line per shard', () => {
  test('names the shard, what it does and since when', async () => {
    const { clock, lines, shards } = openLines(3);
    shards[0]?.show('uploading FULL_CH_BK_2026-11-22_10-00-00', 'uploading');
    shards[1]?.show('waiting for `watch`', 'waiting', 5 * minute);
    await clock.sleep(72_000);
    expect(lines.render(size)).toEqual([
      'ch-001  uploading FULL_CH_BK_2026-11-22_10-00-00 1m 12s',
      'ch-002  waiting for `watch` 6m 12s',
    ]);
  });

  test('is removed when the shard ends', () => {
    const { lines, shards } = openLines(2);
    for (const shard of shards) shard.show('listing backups');
    shards[0]?.stop('failed');
    expect(lines.render(size)).toEqual(['ch-002  listing backups 0s']);
    shards[1]?.stop('done');
    expect(lines.render(size)).toEqual([]);
  });

  test('changes with its text, not with each look at the same work', async () => {
    const { clock, lines, shards, changes } = openLines(1);
    shards[0]?.show('uploading X', 'uploading');
    await clock.sleep(minute);
    for (let at = 0; at < 10; at += 1) shards[0]?.show('uploading X', 'uploading', minute);
    expect(changes()).toBe(1);
    expect(lines.render(size)).toEqual(['ch-001  uploading X 1m']);
    shards[0]?.show('uploading X', 'uploading');
    expect(lines.render(size)).toEqual(['ch-001  uploading X 0s']);
  });

  test.for([20, 40, 80])('is never wider than %d columns', (columns) => {
    const clock = new VirtualClock();
    const lines = new ShardLines(2, clock, () => undefined);
    const wide = '備份'.repeat(20);
    lines
      .open(() => `${wide}|ch-2`)
      .show({ text: `uploading ${wide}`, activity: 'uploading', elapsedMs: 90 * minute });
    lines.open(() => 'b').show({ text: 'creating X', activity: 'creating', elapsedMs: 0 });
    const [first = '', second = ''] = lines.render({ rows: 24, columns });
    for (const line of [first, second]) expect(widthOf(line)).toBeLessThan(columns);
    expect(first).toMatch(/^備.*… +upl.*… 1h 30m$/);
    expect(widthOf(second)).toBeGreaterThan(10);
  });

  test('cannot control the terminal', () => {
    const { lines, shards } = openLines(1);
    shards[0]?.show('waiting for `\u001B[2Jupload\n\u202EX`', 'waiting');
    expect(lines.render(size)).toEqual(['ch-001  waiting for `upload X` 0s']);
  });
});

describe('one line that counts', () => {
  test('is shown while the lines of the running shards do not fit', async () => {
    const { clock, lines, shards } = openLines(200);
    for (const [at, shard] of shards.entries()) {
      if (at < 10) shard.stop(at < 9 ? 'done' : 'failed');
      else if (at < 160) shard.show('uploading X', 'uploading', at === 16 ? 192_000 : undefined);
      else if (at < 198) shard.show('waiting for its turn', 'waiting', 10 * minute);
    }
    await clock.sleep(minute);
    const line =
      '9 of 200 shards done, 1 failed, 150 uploading, 38 waiting, 2 working (slowest: ch-017, 4m 12s)';
    expect(lines.render({ rows: 24, columns: 120 })).toEqual([line]);
    expect(lines.render({ rows: 24, columns: 50 })).toEqual([`${line.slice(0, 48)}…`]);
    for (const shard of shards.slice(28)) shard.stop('done');
    expect(lines.render(size)).toHaveLength(18);
  });

  test('is shown for two shards on a terminal of a few rows', () => {
    const { lines } = openLines(2);
    expect(lines.render({ rows: 5, columns: 80 })).toEqual([
      '0 of 2 shards done, 2 working (slowest: ch-001, 0s)',
    ]);
  });
});

function widthOf(text: string): number {
  return Array.from(text).reduce((sum, each) => sum + (/\p{Script=Han}/u.test(each) ? 2 : 1), 0);
}
