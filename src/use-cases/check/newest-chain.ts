import type { Backup } from '../../backup/backup.js';
import { chainOf, findRestorable, indexBackups } from '../../backup/chain.js';
import { createdMsOf, type CreationTimes, parseBackupName } from '../../backup/names.js';
import { sortByAge } from '../../backup/names.js';
import { toleratedMs } from './facts.js';

/** A backup and its age. */
export interface AgedBackup {
  backup: Backup;
  /** undefined: its name is in the future, or chbackup did not give it. */
  ageMs: number | undefined;
}

/** The newest backup of chbackup that can be restored, and what it is based on. */
export interface NewestChain {
  newest: AgedBackup;
  /** The newest one whose age is known: `newest` itself unless that is in the future. */
  known: AgedBackup | undefined;
  /** From `newest` down to its full backup. */
  chain: Backup[];
  full: AgedBackup;
}

/** Returns the age of a backup. A name may be a little in the future, because clocks differ. */
export function ageOf(
  backup: Backup,
  recordedTimes: CreationTimes,
  nowMs: number,
): number | undefined {
  const createdMs = createdMsOf(backup.name, recordedTimes);
  if (createdMs === undefined || createdMs > nowMs + toleratedMs) return undefined;
  return Math.max(0, nowMs - createdMs);
}

/** Returns the backups of chbackup that can be restored according to the list, oldest first. */
export function findGood(
  remote: readonly Backup[],
  recordedTimes: CreationTimes,
  nowMs: number,
): AgedBackup[] {
  const index = indexBackups(remote);
  const restorable = findRestorable(index);
  const good = [...index.values()].filter(({ name }) => {
    return restorable.has(name) && parseBackupName(name) !== undefined;
  });
  return sortByAge(good, recordedTimes).map((backup) => ({
    backup,
    ageMs: ageOf(backup, recordedTimes, nowMs),
  }));
}

/** Returns undefined if no backup of chbackup can be restored. */
export function findNewestChain(
  remote: readonly Backup[],
  recordedTimes: CreationTimes,
  nowMs: number,
): NewestChain | undefined {
  const good = findGood(remote, recordedTimes, nowMs);
  const newest = good.at(-1);
  if (newest === undefined) return undefined;
  const { chain } = chainOf(remote, newest.backup.name);
  const root = chain.at(-1) ?? newest.backup;
  return {
    newest,
    known: good.findLast(({ ageMs }) => ageMs !== undefined),
    chain,
    full: { backup: root, ageMs: ageOf(root, recordedTimes, nowMs) },
  };
}
