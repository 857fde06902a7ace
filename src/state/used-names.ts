import path from 'node:path';
import { freeName } from '../backup/names.js';
import { type Clock } from '../time/clock.js';
import { pollIntervalMs } from '../time/intervals.js';
import { StateError } from '../errors.js';
import type { Disk } from './disk.js';

/** Enough for weeks of hourly backups of many shards; a clock is not set back further than that. */
const namesKept = 5000;
const longestWaitMs = 60_000;

export interface NameRequest {
  wanted: string;
  isTaken: (name: string) => boolean;
  clock: Clock;
  signal: AbortSignal;
}

/**
 * Returns a backup name that no host of this log directory has used, and records it as used. Two shards
 * in one second, or a clock that was set back, must not use a name twice, because creating a backup
 * under a used name destroys the older one (clickhouse-backup-api.md#reused-names).
 */
export async function reserveName(
  disk: Disk,
  folder: string,
  { wanted, isTaken, clock, signal }: NameRequest,
): Promise<string> {
  // Not a name of a host's file: in those, a host contains an underscore only before its port.
  const file = path.join(folder, '.given_names');
  const lock = await lockNames(disk, `${file}_lock`, clock, signal);
  try {
    const given = (disk.read(file) ?? '').split('\n').filter((name) => name !== '');
    const known = new Set(given);
    const name = freeName(wanted, (free) => known.has(free) || isTaken(free));
    disk.replace(file, [...given, name].slice(-namesKept).join('\n') + '\n');
    return name;
  } finally {
    lock.release();
  }
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
