import type { Location } from '../../backup/backup.js';
import { countKeptForBroken, type DeletionPlan, mergePlans } from '../../backup/deletion/plan.js';
import type { Reason } from '../../backup/deletion/reasons.js';
import { NotFoundError, OperationFailedError } from '../../errors.js';
import { plural } from '../../text.js';
import { type Asker, beforeChanges, confirm } from '../confirmation.js';
import type { CommandContext, ShardContext } from '../context.js';
import { emptyStorage } from '../empty-storage.js';
import { underHostLock } from '../host-lock.js';
import { prepareHost } from '../prepare-host.js';
import { deleteInOrder, type DeletionObserver, throwIfIncomplete } from './delete-in-order.js';
import { makeFirstPlan, makePlan, type PlanRequest, withoutDeleted } from './make-plan.js';
import { chooseForDelete, waitForOthers } from './other-replicas.js';
import { describeFreed, describeRefusal } from './reason-text.js';
import { UsableReplicas } from '../usable-replicas.js';
import type { SeenTwice } from './seen-twice.js';
import { throwIfShared } from './refuse-shared-path.js';

export interface DeleteRequest extends PlanRequest {
  dryRun: boolean;
  /** Do not ask. */
  yes: boolean;
}

/** The callbacks of a delete to its user interface. */
export interface DeletionDialogue extends DeletionObserver, Asker {
  plan(plan: DeletionPlan): void;
  /** The plan that was shown deletes this backup, but the plan made under the lock keeps it. */
  keptAfterAll(name: string, reason: Reason): void;
}

export const unchanged = 'nothing was deleted';

/** A plan that was shown. */
export interface ShownPlan {
  /** On the replica whose list the plan was made from. */
  context: ShardContext;
  /** Knows which replicas could not be used. */
  usable: UsableReplicas;
  twice: SeenTwice;
  shown: DeletionPlan;
}

/**
 * Checks the server, makes a plan from the list, shows it and asks. Then, under the lock, makes the
 * plan again and deletes, increments before their bases.
 */
export async function deleteBackups(
  request: DeleteRequest,
  context: ShardContext,
  dialogue: DeletionDialogue,
): Promise<void> {
  const plan = await showPlan(request, context, dialogue);
  await getYes(request, dialogue, [plan.shown], context.host);
  if (!isToBeCarriedOut(request, plan)) return;
  await underDeleteLock(request, plan, () => carryOut(request, plan, dialogue));
}

/** Checks the server, makes a plan from its list and shows it. Throws if the plan is refused. */
export async function showPlan(
  request: DeleteRequest,
  context: ShardContext,
  dialogue: DeletionDialogue,
): Promise<ShownPlan> {
  const plan = await beforeChanges(unchanged, async (): Promise<ShownPlan> => {
    let used = context;
    const usable = new UsableReplicas(context.report);
    const check = async () => void (used = await chooseForDelete(request, context, usable));
    const isChecked = !request.dryRun && (await prepareHost(context, check));
    if (!isChecked) await check();
    return { context: used, usable, ...(await makeFirstPlan(request, used)) };
  });
  const { shown } = plan;
  throwIfShared(request, plan.context, shown);
  dialogue.plan(shown);
  throwIfRefused(shown, request);
  warnOfKept(shown, request, context);
  return plan;
}

export function isToBeCarriedOut({ dryRun }: DeleteRequest, { shown }: ShownPlan): boolean {
  return !dryRun && shown.order.length > 0;
}

/** Returns if the user agrees to the plans, which are those of `owner`, or need not; otherwise throws. */
export async function getYes(
  { location, dryRun, yes }: DeleteRequest,
  asker: Asker,
  plans: readonly DeletionPlan[],
  owner: string,
): Promise<void> {
  const count = plans.reduce((sum, { order }) => sum + order.length, 0);
  if (dryRun || yes || count === 0) return;
  const backups = plural(count, `${location} backup`);
  await confirm(asker, `Delete ${backups} of ${owner}${describeFreed(...plans)}?`, {
    unchanged,
    hint: 'pass --yes to delete these backups, or --dry-run to see the plan only',
  });
}

/** Does the work of a delete under the lock of the plan's host, or the locks of its shard. */
export function underDeleteLock<T>(
  { location }: DeleteRequest,
  { context }: ShownPlan,
  work: () => Promise<T>,
): Promise<T> {
  return underHostLock(context, { command: `delete-${location}`, unchanged }, work);
}

/** Makes the plan again and deletes. Call it under the lock. */
export async function carryOut(
  request: DeleteRequest,
  { context, usable, twice, shown }: ShownPlan,
  dialogue: DeletionDialogue,
): Promise<void> {
  const { location } = request;
  // Before the list is read: what another replica was uploading may be complete afterward.
  const fresh = await beforeChanges(unchanged, async () => {
    await waitForOthers(request, context, usable);
    return makePlan(request, context, twice);
  });
  throwIfNothingLeft(shown, fresh, request, context);
  throwIfShared(request, context, fresh);
  throwIfRefused(fresh, request);
  const plan = mergePlans(shown, fresh);
  reportKept(shown, plan, dialogue);
  if (location === 'remote') forgetBases(context, new Set(plan.order));
  const result = await deleteInOrder({
    plan,
    location,
    client: context.client,
    observer: dialogue,
    planAgain: (left) => makePlan(withoutDeleted(request, left), context, twice),
  });
  throwIfIncomplete(result, location);
}

/** Also without a last-backup file, a list does not become empty within minutes. */
function throwIfNothingLeft(
  shown: DeletionPlan,
  fresh: DeletionPlan,
  { location }: DeleteRequest,
  { host }: CommandContext,
): void {
  if (location === 'local' || fresh.items.length > 0) return;
  const detail = ` any more, although it listed ${shown.items.length} before; nothing was deleted`;
  throw emptyStorage(host, detail, 'there is nothing to delete');
}

function reportKept(shown: DeletionPlan, plan: DeletionPlan, dialogue: DeletionDialogue): void {
  const planned = new Set(plan.order);
  const reasons = new Map(plan.items.map(({ backup, reason }) => [backup.name, reason]));
  for (const name of shown.order) {
    if (planned.has(name)) continue;
    dialogue.keptAfterAll(name, reasons.get(name) ?? { kind: 'not-listed' });
  }
}

/** Says that a broken backup prevents deletes, so that it does not look like nothing is left to do. */
function warnOfKept(
  plan: DeletionPlan,
  { location }: DeleteRequest,
  { report }: CommandContext,
): void {
  const kept = countKeptForBroken(plan);
  if (kept === 0) return;
  report.warn(
    `${plural(kept, 'more backup is', 'more backups are')} kept because a broken backup may require ${kept === 1 ? 'it' : 'them'}; if it is not an upload in progress, delete it with ${howToDelete(plan, location)}`,
  );
}

/** Names the option that deletes the broken backups: `--broken` keeps those that increments require. */
function howToDelete({ items }: DeletionPlan, location: Location): string {
  const broken = new Set(
    items.flatMap(({ reason }) => (reason.kind === 'may-be-required' ? [reason.by] : [])),
  );
  const isRequired = items.some(({ backup }) => broken.has(backup.required ?? ''));
  return isRequired
    ? `delete-${location} --name, together with the increments that require it`
    : `delete-${location} --broken`;
}

function throwIfRefused({ refused }: DeletionPlan, { location }: DeleteRequest): void {
  if (refused === undefined) return;
  const message = `nothing was deleted: ${describeRefusal(refused, location)}`;
  if (refused.kind === 'not-found') throw new NotFoundError(message);
  throw new OperationFailedError(message, {
    hint: 'also select the increments that require these backups, or do not select these backups',
  });
}

/** Removes the records of backups that are about to be deleted, so that none is used as a base. */
function forgetBases({ files, logDirectory }: CommandContext, names: ReadonlySet<string>): void {
  for (const { file, name } of logDirectory.readLastBackups()) {
    if (names.has(name)) logDirectory.removeLastBackup(file);
  }
  const read = files.readJournal();
  if (read.kind === 'journal' && names.has(read.journal.backup)) files.removeJournal();
}
