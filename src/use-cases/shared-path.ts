import path from 'node:path';
import type { EarlierBackups } from '../state/log-directory.js';
import type { ShardContext } from './context.js';

/** Two shards that have one path on the remote storage: each server's retention deletes the other's. */
export interface SharedPath {
  /** A clause that names both and says why. */
  reason: string;
  /** What to do. */
  hint: string;
}

/**
 * Returns whose path on the remote storage the shard has too: that of another shard whose last backup is
 * on the remote list. Only a name that this log directory gave shows that, because it gives each name once.
 * Names of the bash agent are not unique: two hosts may have used one of them in the same second.
 */
export function findSharedPath(
  { files, replicas }: Pick<ShardContext, 'files' | 'replicas'>,
  listed: ReadonlySet<string>,
  { lastBackups, creationTimes }: EarlierBackups,
): SharedPath | undefined {
  const found = lastBackups.find(
    ({ file, name }) => listed.has(name) && creationTimes.has(name) && !files.isOwnLastBackup(file),
  );
  if (found === undefined) return undefined;
  const label = replicas.map(({ host }) => host).join('|');
  const other = hostOf(found.file);
  return {
    reason: `${label} and ${other} have the same path on the remote storage, because backup ${found.name}, the last backup of ${other}, is on the remote storage of ${label}`,
    hint: `if they are replicas of one shard, write ${label}|${other}; if they are shards, give each its own path on the storage; if there is no host ${other} any more, remove ${found.file}`,
  };
}

/** Returns the host of a last-backup file about as it was typed; an underscore stands before its port. */
function hostOf(file: string): string {
  const host = path.basename(file).replace(/^\.|_last_backup$/g, '');
  return host.replace(/_(?=\d+$)/, ':');
}
