import type { Location } from '../../backup/backup.js';
import type { DeletionPlan } from '../../backup/deletion/plan.js';
import { SharedPathError } from '../../errors.js';
import type { ShardContext } from '../context.js';
import { findSharedPath } from '../shared-path.js';

/**
 * Throws if another shard has the same path on the remote storage: a delete does not wait for what that
 * one is uploading. With the local program, there are no replicas, and the path is not known.
 */
export function throwIfShared(
  { location }: { location: Location },
  context: ShardContext,
  { items, recordedTimes }: DeletionPlan,
): void {
  if (location === 'local' || context.replicas.length === 0) return;
  const listed = new Set(items.map(({ backup }) => backup.name));
  const lastBackups = context.logDirectory.readLastBackups();
  const shared = findSharedPath(context, listed, { lastBackups, creationTimes: recordedTimes });
  if (shared === undefined) return;
  throw new SharedPathError(`nothing was deleted: ${shared.reason}`, { hint: shared.hint });
}
