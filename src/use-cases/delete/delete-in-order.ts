import type { Location } from '../../backup/backup.js';
import { type DeletionPlan, dropBasesOf, mergePlans } from '../../backup/deletion/plan.js';
import { describeReason, describeRefusal } from './reason-text.js';
import type { DeleteOutcome, Client } from '../../client/client.js';
import { ResponseError, OperationFailedError, PartialFailureError } from '../../errors.js';

/** The callbacks of a running delete. */
export interface DeletionObserver {
  deleting(name: string, done: number, total: number): void;
  deleted(name: string): void;
  notDeleted(name: string, reason: string): void;
}

export interface DeletionResult {
  deleted: string[];
  failed: { name: string; reason: string }[];
}

/** The number of failures that the final message names; each has been reported by a warning. */
const mostNamed = 20;

export interface DeletionWork {
  plan: DeletionPlan;
  location: Location;
  client: Client;
  observer: DeletionObserver;
  /** Returns the plan as it would be made now, for the names that are left to delete. */
  planAgain: (left: readonly string[]) => Promise<DeletionPlan>;
}

/** Other clients have worked while this one waited, and now the backup must be kept. */
class KeptAfterAll extends Error {
  override name = 'KeptAfterAll' as const;
}

/**
 * Deletes one backup at a time, because parallel deletes would not be faster
 * (clickhouse-backup-api.md#parallel-deletes). A failure does not stop the others, but the bases of
 * the backup that is left are kept. So are the bases of backups that another client has created while
 * this one waited.
 */
export async function deleteInOrder(work: DeletionWork): Promise<DeletionResult> {
  const { plan, observer } = work;
  const result: DeletionResult = { deleted: [], failed: [] };
  const total = plan.order.length;
  const fail = (name: string, reason: string) => {
    result.failed.push({ name, reason });
    observer.notDeleted(name, reason);
  };
  let remaining = plan.order;
  while (remaining.length > 0) {
    const [name = '', ...later] = remaining;
    observer.deleting(name, total - remaining.length, total);
    const { reason, now } = await deleteOne(work, name, remaining);
    if (reason === undefined) {
      result.deleted.push(name);
      observer.deleted(name);
      remaining = later;
    } else {
      fail(name, reason);
      const failed = result.failed.map((failure) => failure.name);
      remaining = dropBasesOf(plan, failed, later);
      for (const base of without(later, remaining)) {
        fail(base, `kept because ${name} was not deleted and may require it`);
      }
    }
    if (now === undefined) continue;
    const stillPlanned = remaining.filter((other) => now.order.includes(other));
    for (const other of without(remaining, stillPlanned))
      fail(other, reasonToKeep(now, other, work.location));
    remaining = stillPlanned;
  }
  return result;
}

/** `reason`: why it was not deleted. `now`: the new plan, if the server was busy first. */
async function deleteOne(
  { plan, location, client, planAgain }: DeletionWork,
  name: string,
  left: readonly string[],
): Promise<{ reason: string | undefined; now: DeletionPlan | undefined }> {
  let now: DeletionPlan | undefined;
  try {
    const outcome = await client.delete(location, name, async () => {
      now = mergePlans(plan, await planAgain(left));
      if (!now.order.includes(name)) throw new KeptAfterAll(reasonToKeep(now, name, location));
    });
    const isForeign = plan.items.some(
      ({ backup }) => backup.name === name && backup.state === 'foreign',
    );
    return { reason: await reasonOfFailure(outcome, name, location, client, isForeign), now };
  } catch (error) {
    if (error instanceof KeptAfterAll) return { reason: error.message, now };
    throw error;
  }
}

function reasonToKeep({ items, refused }: DeletionPlan, name: string, location: Location): string {
  const item = items.find(({ backup }) => backup.name === name);
  if (item === undefined) return describeReason({ kind: 'not-listed' });
  return refused === undefined ? describeReason(item.reason) : describeRefusal(refused, location);
}

function without(names: readonly string[], others: readonly string[]): string[] {
  return names.filter((name) => !others.includes(name));
}

/**
 * Returns why a delete failed; undefined if the backup is deleted. "Not found" counts as deleted only
 * if a list that is not empty confirms it. Success for a foreign entry counts only if the entry is no
 * longer listed: on object storages servers delete what is under `NAME/`, so a plain file is left.
 */
async function reasonOfFailure(
  outcome: DeleteOutcome,
  name: string,
  location: Location,
  client: Client,
  isForeign: boolean,
): Promise<string | undefined> {
  const isDeleted = outcome.kind === 'deleted';
  if (isDeleted && !isForeign) return undefined;
  if (outcome.kind === 'error') {
    return outcome.code === 'required' ? `kept by the server: ${outcome.reason}` : outcome.reason;
  }
  const reason = isDeleted ? stillListed : outcome.reason;
  try {
    const rows = await client.list(location);
    const isListed = rows.some((row) => row.name === name);
    return !isListed && (isDeleted || rows.length > 0) ? undefined : reason;
  } catch (error) {
    if (error instanceof ResponseError) return isDeleted ? undefined : reason;
    throw error;
  }
}

const stillListed =
  'clickhouse-backup reported success, but the entry is still listed; delete it with the tools of its storage';

/** Throws if a backup that was to be deleted is left. */
export function throwIfIncomplete({ deleted, failed }: DeletionResult, location: Location): void {
  if (failed.length === 0) return;
  const named = failed.slice(0, mostNamed).map(({ name, reason }) => `${name} (${reason})`);
  const unnamed = failed.length - named.length;
  const list = [...named, ...(unnamed > 0 ? [`and ${unnamed} more`] : [])].join('; ');
  const hint = 'run the same command again to delete the rest';
  if (deleted.length === 0) {
    throw new OperationFailedError(`no ${location} backup was deleted: ${list}`, { hint });
  }
  const total = deleted.length + failed.length;
  throw new PartialFailureError(
    `only ${deleted.length} of ${total} ${location} backups were deleted; not deleted: ${list}`,
    { hint },
  );
}
