import path from 'node:path';
import { type CreationTimes, freeName } from '../backup/names.js';
import { type Clock } from '../time/clock.js';
import { pollIntervalMs } from '../time/intervals.js';
import { StateError } from '../errors.js';
import type { Disk } from './disk.js';

/** How long names are kept, so that the ages of their backups are known. */
const keptSeconds = 14 * 24 * 60 * 60;
/** The least number of names that are kept: weeks of hourly backups. */
const leastKept = 5000;
const longestWaitMs = 60_000;

export interface NameRequest {
  wanted: string;
  /** The time in the wanted name, ms since 1970. */
  atMs: number;
  isTaken: (name: string) => boolean;
  clock: Clock;
  signal: AbortSignal;
}

/** A line of the file: `NAME SECONDS`, in UTC; earlier versions wrote only the name. */
interface UsedName {
  name: string;
  seconds: number | undefined;
}

// Not a name of a host's file: in those, a host contains an underscore only before its port.
const fileIn = (folder: string) => path.join(folder, '.given_names');

/**
 * Returns a backup name that no host of this log directory has used, and records it as used. Two shards
 * in one second, or a clock that was set back, must not use a name twice, because creating a backup
 * under a used name destroys the older one (clickhouse-backup-api.md#reused-names).
 */
export async function reserveName(
  disk: Disk,
  folder: string,
  { wanted, atMs, isTaken, clock, signal }: NameRequest,
): Promise<string> {
  const file = fileIn(folder);
  const lock = await lockNames(disk, `${file}_lock`, clock, signal);
  try {
    const used = readUsedNames(disk, folder);
    const known = new Set(used.map(({ name }) => name));
    const name = freeName(wanted, (free) => known.has(free) || isTaken(free));
    const seconds = Math.floor(atMs / 1000);
    const kept = [...used, { name, seconds }].filter(
      (one, at) => at > used.length - leastKept || seconds - (one.seconds ?? 0) < keptSeconds,
    );
    disk.replace(file, kept.map((one) => `${lineOf(one)}\n`).join(''));
    return name;
  } finally {
    lock.release();
  }
}

/** Returns when each name was given, ms since 1970, as far as that is recorded. */
export function readCreationTimes(disk: Disk, folder: string): CreationTimes {
  return new Map(
    readUsedNames(disk, folder).flatMap(({ name, seconds }) =>
      seconds === undefined ? [] : [[name, seconds * 1000] as const],
    ),
  );
}

function readUsedNames(disk: Disk, folder: string): UsedName[] {
  const lines = (disk.read(fileIn(folder)) ?? '').split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [name = '', seconds = ''] = line.split(' ');
    return { name, seconds: /^\d{1,12}$/.test(seconds) ? Number(seconds) : undefined };
  });
}

function lineOf({ name, seconds }: UsedName): string {
  return seconds === undefined ? name : `${name} ${seconds}`;
}

async function lockNames(disk: Disk, file: string, clock: Clock, signal: AbortSignal) {
  const startedMs = clock.elapsed();
  for (;;) {
    const attempt = disk.tryLock(file);
    if (attempt.kind === 'taken') return attempt.lock;
    const waitedMs = clock.elapsed() - startedMs;
    if (waitedMs > longestWaitMs) {
      throw new StateError(`could not lock ${file}: another process holds the lock`, {
        hint: 'find the chbackup process that hangs while it reserves a name, and end it',
      });
    }
    await clock.sleep(pollIntervalMs(waitedMs), signal);
  }
}
