import path from 'node:path';
import { type CreationTimes, freeName } from '../backup/names.js';
import { type Clock } from '../time/clock.js';
import { pollIntervalMs } from '../time/intervals.js';
import { StateError } from '../errors.js';
import type { Disk } from './disk.js';
import type { HeldLock } from './file-lock.js';

/** How long names are kept, so that the ages of their backups are known. */
const keptSeconds = 14 * 24 * 60 * 60;
/** The least number of names that are kept: weeks of hourly backups. */
const leastKept = 5000;
const longestWaitMs = 60_000;

export interface NameRequest {
  /** Returns the preferred name of a backup whose name is given at a time. */
  wanted: (date: Date) => string;
  isTaken: (name: string) => boolean;
}

export interface GivenName {
  name: string;
  /** When it was given: a whole second, ms since 1970, as in the name and in the file. */
  atMs: number;
}

/** A line of the file: `NAME SECONDS`, in UTC; earlier versions wrote only the name. */
interface UsedName {
  name: string;
  seconds: number | undefined;
}

// Not a name of a host's file: in those, a host contains an underscore only before its port.
const fileIn = (folder: string) => path.join(folder, '.given_names');

/**
 * Gives each request a backup name that no host of this log directory has used, all at one time, and
 * records them as used. Two shards in one second, or a clock that was set back, must not use a name
 * twice, because creating a backup under a used name destroys the older one
 * (clickhouse-backup-api.md#reused-names). The caller holds the lock of the names.
 */
export function giveNames(
  disk: Disk,
  folder: string,
  requests: readonly NameRequest[],
  nowMs: number,
): GivenName[] {
  const used = readUsedNames(disk, folder);
  const known = new Set(used.map(({ name }) => name));
  // Names and the file have whole seconds.
  const seconds = Math.floor(nowMs / 1000);
  const atMs = seconds * 1000;
  const given = requests.map(({ wanted, isTaken }) => {
    const name = freeName(wanted(new Date(atMs)), (free) => known.has(free) || isTaken(free));
    known.add(name);
    return { name, seconds };
  });
  const all = [...used, ...given];
  const kept = all.filter(
    (one, at) => at >= all.length - leastKept || seconds - (one.seconds ?? 0) < keptSeconds,
  );
  disk.replace(fileIn(folder), kept.map((one) => `${lineOf(one)}\n`).join(''));
  return given.map(({ name }) => ({ name, atMs }));
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

/** Takes the lock of the names; waits for another process that holds it, for a minute at most. */
export async function lockNames(
  disk: Disk,
  folder: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<HeldLock> {
  const file = `${fileIn(folder)}_lock`;
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
