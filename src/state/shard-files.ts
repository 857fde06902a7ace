import { createdMsOf, type CreationTimes } from '../backup/names.js';
import { StateError } from '../errors.js';
import type { Disk } from './disk.js';
import { HostFiles, type ReplicaName } from './host-files.js';
import { readCreationTimes } from './used-names.js';

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
 * with the newest last backup; a new shard gets those of its first replica. Until the lock is held,
 * another run may write files, so they are chosen again then.
 */
export function findShardFiles(
  disk: Disk,
  folder: string,
  replicas: readonly ReplicaName[],
  recordedTimes: CreationTimes,
): ShardFiles {
  const [owner, ...others] = inOrderOfUse(disk, folder, replicas, () => recordedTimes);
  const chooseOwner = (): ReplicaName => {
    const readTimes = () => timesNow(disk, folder, recordedTimes);
    return inOrderOfUse(disk, folder, replicas, readTimes)[0];
  };
  const { fileName, agentFileName } = owner;
  const choose = replicas.length > 1 ? chooseOwner : undefined;
  const files = new HostFiles(disk, folder, fileName, agentFileName, replicas, choose);
  return { files, owner, others };
}

/** Returns the replicas that have files, the one whose files are used first; of a new shard the first one. */
function inOrderOfUse(
  disk: Disk,
  folder: string,
  replicas: readonly ReplicaName[],
  readTimes: () => CreationTimes,
): [ReplicaName, ...ReplicaName[]] {
  const [first] = replicas;
  if (first === undefined) throw new Error('a shard has at least one replica');
  const used = replicas
    .map((owner) => ({
      owner,
      files: new HostFiles(disk, folder, owner.fileName, owner.agentFileName, replicas),
    }))
    .filter(({ files }) => files.hasState());
  const times = used.length > 1 ? readTimes() : new Map<string, number>();
  const newestFirst = used.toSorted(
    (one, other) =>
      lastBackupMs(other.files, times) - lastBackupMs(one.files, times) ||
      lastBackupPlace(other.files, times) - lastBackupPlace(one.files, times),
  );
  const [chosen = first, ...others] = newestFirst.map(({ owner }) => owner);
  return [chosen, ...others];
}

/** The times in the names, and those recorded earlier, are nearly as good. */
function timesNow(disk: Disk, folder: string, earlier: CreationTimes): CreationTimes {
  try {
    return readCreationTimes(disk, folder);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return earlier;
  }
}

function lastBackupMs(files: HostFiles, recordedTimes: CreationTimes): number {
  const last = files.readLastBackup();
  if (last.kind === 'none') return -1;
  return createdMsOf(last.name, recordedTimes) ?? 0;
}

/** Of two names of one second, the one that was recorded later was given later. */
function lastBackupPlace(files: HostFiles, recordedTimes: CreationTimes): number {
  const last = files.readLastBackup();
  return last.kind === 'none' ? -1 : [...recordedTimes.keys()].indexOf(last.name);
}
