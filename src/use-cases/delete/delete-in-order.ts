import type { Location } from '../../backup/backup.js';
import { type DeletionPlan, dropBasesOf, mergePlans } from '../../backup/deletion/plan.js';
import type { DeleteOutcome, Client } from '../../client/client.js';
import { ResponseError, OperationFailedError, PartialFailureError } from '../../errors.js';

/** Who is told how far the deletes are. */
export interface DeletionObserver {
  deleting(name: string, done: number, total: number): void;
  deleted(name: string): void;
  notDeleted(name: string, reason: string): void;
}

export interface DeletionResult {
  deleted: string[];
  failed: { name: string; reason: string }[];
}

/** How many failures one message names; each has had a warning of its own. */
const mostNamed = 20;

export interface DeletionWork {
  plan: DeletionPlan;
  location: Location;
  client: Client;
  observer: DeletionObserver;
  /** The plan as it would be made now, of what is left to delete. */
  planAgain: (left: readonly string[]) => Promise<DeletionPlan>;
}

/** Others were at work while we waited, and now it has to stay. */
class KeptAfterAll extends Error {
  override name = 'KeptAfterAll' as const;
}

/**
 * One at a time: the server's lock, its base check and storages' logins leave nothing to win (§11).
 * One failure does not stop the rest, but spares the bases of what stayed; so does what another
 * client has made while we waited for it.
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
        fail(base, `kept, since ${name} stays and may need it`);
      }
    }
    if (now === undefined) continue;
    const goingOn = remaining.filter((other) => now.order.includes(other));
    for (const other of without(remaining, goingOn)) fail(other, reasonToKeep(now, other));
    remaining = goingOn;
  }
  return result;
}

/** `reason`: why it is still there. `now`: the plan made anew, if it had to wait for others. */
async function deleteOne(
  { plan, location, client, planAgain }: DeletionWork,
  name: string,
  left: readonly string[],
): Promise<{ reason: string | undefined; now: DeletionPlan | undefined }> {
  let now: DeletionPlan | undefined;
  try {
    const outcome = await client.delete(location, name, async () => {
      now = mergePlans(plan, await planAgain(left));
      if (!now.order.includes(name)) throw new KeptAfterAll(reasonToKeep(now, name));
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

function reasonToKeep({ items, refused }: DeletionPlan, name: string): string {
  const item = items.find(({ backup }) => backup.name === name);
  return item === undefined
    ? 'it is not listed any more'
    : `kept after all: ${refused?.reason ?? item.reason}`;
}

function without(names: readonly string[], others: readonly string[]): string[] {
  return names.filter((name) => !others.includes(name));
}

/**
 * undefined: it is deleted. "Not found" is believed only if a list that is not empty agrees, and
 * success for a foreign entry only if the list has lost it: on object storages servers delete what
 * is under `NAME/`, so a plain file stays.
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
  const words = isDeleted ? stillListed : outcome.reason;
  try {
    const rows = await client.list(location);
    const isListed = rows.some((row) => row.name === name);
    return !isListed && (isDeleted || rows.length > 0) ? undefined : words;
  } catch (error) {
    if (error instanceof ResponseError) return isDeleted ? undefined : words;
    throw error;
  }
}

const stillListed =
  'the server reported success, but it is still listed; delete it with the tools of its storage';

/** Throws if anything is left of what was to go. */
export function throwIfIncomplete({ deleted, failed }: DeletionResult, location: Location): void {
  if (failed.length === 0) return;
  const named = failed.slice(0, mostNamed).map(({ name, reason }) => `${name} (${reason})`);
  const unnamed = failed.length - named.length;
  const list = [...named, ...(unnamed > 0 ? [`and ${unnamed} more`] : [])].join('; ');
  const hint = 'the same command tries again what is left';
  if (deleted.length === 0) {
    throw new OperationFailedError(`no ${location} backup was deleted: ${list}`, { hint });
  }
  const total = deleted.length + failed.length;
  throw new PartialFailureError(
    `only ${deleted.length} of ${total} ${location} backups were deleted; still there: ${list}`,
    { hint },
  );
}
