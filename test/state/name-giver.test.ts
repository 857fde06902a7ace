import path from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { backupName, parseBackupName } from '../../src/backup/names.js';
import { InterruptedError, StateError } from '../../src/errors.js';
import type { Disk } from '../../src/state/disk.js';
import { NameGiver } from '../../src/state/name-giver.js';
import { type GivenName, readCreationTimes } from '../../src/state/used-names.js';
import { VirtualClock } from '../support/virtual-clock.js';

const folder = '/log';
const file = path.join(folder, '.given_names');
const togetherMs = 500;
const wanted = (date: Date) => backupName('DIFF', date);
const isTaken = () => false;

/** A disk in memory with one lock, which another process may hold. */
class NamesDisk {
  readonly files = new Map<string, string>();
  writes = 0;
  locks = 0;
  isHeld = false;
  isFull = false;

  readonly disk = {
    read: (name: string) => this.files.get(name),
    replace: (name: string, text: string) => {
      expect(this.isHeld).toBe(true);
      if (this.isFull) throw new StateError('no space left');
      this.writes++;
      this.files.set(name, text);
    },
    tryLock: () => {
      if (this.isHeld) return { kind: 'held', holder: '' };
      this.isHeld = true;
      this.locks++;
      const release = () => void (this.isHeld = false);
      return { kind: 'taken', lock: { describe: () => undefined, release } };
    },
  } as unknown as Disk;
}

function open(together = togetherMs) {
  const disk = new NamesDisk();
  const clock = new VirtualClock(Date.parse('2026-11-22T10:00:00.700Z'));
  const stop = new AbortController();
  const { signal } = stop;
  const names = new NameGiver({ disk: disk.disk, folder, clock, signal, togetherMs: together });
  return { disk, clock, stop, names };
}

describe('a giver of names', () => {
  test('gives shards that ask at the same moment names of one time in one write', async () => {
    const { disk, clock, names } = open();
    const asked = [0, 100, 400].map(async (ms) => {
      await clock.sleep(ms);
      return names.reserve({ wanted, isTaken });
    });
    const given = await Promise.all(asked);
    const first = wanted(new Date('2026-11-22T10:00:01Z'));
    expect(given.map(({ name }) => name)).toEqual([first, `${first}_2`, `${first}_3`]);
    expect(disk).toMatchObject({ writes: 1, locks: 1, isHeld: false });
    expect(disk.files.get(file)?.trimEnd().split('\n')).toEqual(
      given.map(({ name }) => `${name} ${Date.parse('2026-11-22T10:00:01Z') / 1000}`),
    );
  });

  test('gives a name at once if there is one host', async () => {
    const { clock, names } = open(0);
    const startMs = clock.elapsed();
    await names.reserve({ wanted, isTaken });
    expect(clock.elapsed()).toBe(startMs);
  });

  test('skips a name that only one of the servers has', async () => {
    const { names } = open();
    const first = wanted(new Date('2026-11-22T10:00:01Z'));
    const given = await Promise.all([
      names.reserve({ wanted, isTaken: (name) => name === first }),
      names.reserve({ wanted, isTaken }),
      names.reserve({ wanted, isTaken }),
    ]);
    expect(given.map(({ name }) => name)).toEqual([`${first}_2`, first, `${first}_3`]);
  });

  test('includes shards that ask while another process holds the lock', async () => {
    const { disk, clock, names } = open();
    disk.isHeld = true;
    const first = names.reserve({ wanted, isTaken });
    await clock.sleep(5000);
    const second = names.reserve({ wanted, isTaken });
    disk.isHeld = false;
    const given = await Promise.all([first, second]);
    expect(given[0].atMs).toBe(given[1].atMs);
    // The time is that of the creates, not of the first question.
    expect(given[0].atMs).toBeGreaterThanOrEqual(Date.parse('2026-11-22T10:00:05Z'));
    expect(disk.writes).toBe(1);
  });

  test('fails for all that ask together, and works for those that ask later', async () => {
    const { disk, names } = open();
    disk.isFull = true;
    const failed = [1, 2].map(() => names.reserve({ wanted, isTaken }));
    for (const end of await Promise.allSettled(failed)) {
      expect(end).toMatchObject({ status: 'rejected', reason: expect.any(StateError) });
    }
    expect(disk.isHeld).toBe(false);
    disk.isFull = false;
    expect((await names.reserve({ wanted, isTaken })).name).toMatch(/^DIFF_/);
  });

  test('ends all waits when a signal comes', async () => {
    const { stop, names, disk } = open();
    const asked = [1, 2].map(() => names.reserve({ wanted, isTaken }));
    stop.abort(new InterruptedError('SIGTERM'));
    for (const end of await Promise.allSettled(asked)) {
      expect(end).toMatchObject({ status: 'rejected', reason: expect.any(InterruptedError) });
    }
    expect(disk.writes).toBe(0);
  });

  test.prop([
    fc.array(fc.record({ afterMs: fc.nat(3000), takes: fc.nat(3) }), {
      minLength: 1,
      maxLength: 12,
    }),
  ])('never gives a name twice, nor a time at which it was not given', async (shards) => {
    const { disk, clock, names } = open();
    const ask = async ({ afterMs, takes }: { afterMs: number; takes: number }) => {
      await clock.sleep(afterMs);
      const askedMs = clock.now();
      // Each server has the first names of every second already.
      const own = (name: string) => (parseBackupName(name)?.copy ?? 0) <= takes;
      const given = await names.reserve({ wanted, isTaken: own });
      return { ...given, askedMs, givenMs: clock.now(), takes };
    };
    const given = await Promise.all(shards.map(ask));
    expect(new Set(given.map(({ name }) => name)).size).toBe(shards.length);
    const recorded = readCreationTimes(disk.disk, folder);
    const writes = new Map<number, GivenName[]>();
    for (const { name, atMs, askedMs, givenMs, takes } of given) {
      expect(recorded.get(name)).toBe(atMs);
      expect(parseBackupName(name)).toMatchObject({ atMs });
      expect(parseBackupName(name)?.copy).toBeGreaterThan(takes);
      // A ready shard waits for others for half a second at most, and for none that asks later.
      expect(givenMs - askedMs).toBeLessThanOrEqual(togetherMs);
      expect(atMs).toBe(Math.floor(givenMs / 1000) * 1000);
      writes.set(givenMs, [...(writes.get(givenMs) ?? []), { name, atMs }]);
    }
    expect(disk.writes).toBe(writes.size);
  });
});
