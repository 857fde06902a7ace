import { createdMsOf, type CreationTimes } from '../backup/names.js';
import type { Disk } from './disk.js';
import { HostFiles, type ReplicaName } from './host-files.js';

/** The files of a shard, and those of its other replicas that are not used any more. */
export interface ShardFiles {
  files: HostFiles;
  /** The replica after which the files are named. */
  owner: ReplicaName;
  /** Replicas that have files too, but with an older last backup. */
  others: ReplicaName[];
}

/**
 * Returns the files of a shard: those of the replica that has any, so that a host may become a replica of
 * a shard and the order of the replicas may change without losing the base. If several have files, those
 * with the newest last backup; a new shard gets those of its first replica.
 */
export function findShardFiles(
  disk: Disk,
  folder: string,
  replicas: readonly ReplicaName[],
  recordedTimes: CreationTimes,
): ShardFiles {
  const all = replicas.map((owner) => ({
    owner,
    files: new HostFiles(disk, folder, owner.fileName, owner.agentFileName, replicas),
  }));
  const used = all.filter(({ files }) => files.hasState());
  const newestFirst = used.toSorted(
    (one, other) =>
      lastBackupMs(other.files, recordedTimes) - lastBackupMs(one.files, recordedTimes),
  );
  const [chosen = all[0], ...others] = newestFirst;
  if (chosen === undefined) throw new Error('a shard has at least one replica');
  return { ...chosen, others: others.map(({ owner }) => owner) };
}

function lastBackupMs(files: HostFiles, recordedTimes: CreationTimes): number {
  const last = files.readLastBackup();
  if (last.kind === 'none') return -1;
  return createdMsOf(last.name, recordedTimes) ?? 0;
}
