import type { BackupKind } from '../../backup/backup.js';
import type { CreateContext } from '../context.js';
import type { RunStatus } from '../run-status.js';

/** The replica that should make a backup, and what the last backup contains. */
export interface UsualReplica {
  /** HOST as in file names; it need not be one of the hosts any more. */
  name: string;
  /** It made the last backup, on which the new one is probably based. */
  madeLast: boolean;
  /** The last backup contains its rows, although another replica was the usual one. */
  hasOtherRows: boolean;
}

/**
 * Returns the replica that should make the backup. A DIFF needs the local copy of its base, or 2.7.0, so
 * that is the one that made the last backup; otherwise, it is the first one.
 */
export function usualReplica(
  kind: BackupKind,
  { files, replicas, replica }: CreateContext,
  status: RunStatus,
): UsualReplica {
  const first = replicas[0]?.name ?? replica.name;
  const last = files.readLastBackup();
  if (kind === 'FULL' || last.kind === 'none') {
    return { name: first, madeLast: false, hasOtherRows: false };
  }
  const record = status.recordOf(last.name);
  // Without a record, most likely the one after which the files are named.
  const name = record?.replica ?? files.owner;
  const hadOther = record !== undefined && record.notReplicated.length > 0;
  // The rows of the first replica are the usual ones again.
  return { name, madeLast: record !== undefined, hasOtherRows: hadOther && name !== first };
}
