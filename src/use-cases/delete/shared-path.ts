import path from 'node:path';
import type { Location } from '../../backup/backup.js';
import type { DeletionPlan } from '../../backup/deletion/plan.js';
import { SharedPathError } from '../../errors.js';
import type { ShardContext } from '../context.js';

/**
 * Throws if the remote list contains the last backup of another shard: both then have one path of the
 * storage, and a delete does not wait for what the other one is uploading.
 *
 * Only a name that this log directory gave shows that, because it gives each name once. Names of the bash
 * agent are not unique: two hosts may have used one of them in the same second.
 */
export function throwIfShared(
  { location }: { location: Location },
  { files, logDirectory, replicas }: ShardContext,
  { items, recordedTimes }: DeletionPlan,
): void {
  if (location === 'local' || replicas.length === 0) return;
  const listed = new Set(items.map(({ backup }) => backup.name));
  const found = logDirectory
    .readLastBackups()
    .find(
      ({ file, name }) =>
        listed.has(name) && recordedTimes.has(name) && !files.isOwnLastBackup(file),
    );
  if (found === undefined) return;
  const label = replicas.map(({ host }) => host).join('|');
  const other = hostOf(found.file);
  throw new SharedPathError(
    `nothing was deleted: ${label} and ${other} have the same path on the remote storage, because backup ${found.name}, the last backup of ${other}, is on the remote storage of ${label}`,
    {
      hint: `if they are replicas of one shard, write ${label}|${other}; if they are shards, give each its own path on the storage; if there is no host ${other} any more, remove ${found.file}`,
    },
  );
}

/** Returns the host of a last-backup file about as it was typed; an underscore stands before its port. */
function hostOf(file: string): string {
  const host = path.basename(file).replace(/^\.|_last_backup$/g, '');
  return host.replace(/_(?=\d+$)/, ':');
}
