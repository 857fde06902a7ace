import type { Location } from '../../backup/backup.js';
import { countKeptForBroken, type DeletionPlan, mergePlans } from '../../backup/deletion/plan.js';
import type { Reason } from '../../backup/deletion/reasons.js';
import { NotFoundError, OperationFailedError } from '../../errors.js';
import { plural } from '../../text.js';
import { type Asker, beforeChanges, confirm } from '../confirmation.js';
import type { CommandContext } from '../context.js';
import { emptyStorage } from '../empty-storage.js';
import { underHostLock } from '../host-lock.js';
import { checkServer, prepareHost } from '../prepare-host.js';
import {
  deleteInOrder,
  type DeletionObserver,
  type DeletionResult,
  throwIfIncomplete,
} from './delete-in-order.js';
import { makeFirstPlan, makePlan, type PlanRequest, withoutDeleted } from './make-plan.js';
import { describeFreed, describeRefusal } from './reason-text.js';

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

const unchanged = 'nothing was deleted';

/**
 * Checks the server, makes a plan from the list, shows it and asks. Then, under the lock, makes the
 * plan again and deletes, increments before their bases.
 */
export async function deleteBackups(
  request: DeleteRequest,
  context: CommandContext,
  dialogue: DeletionDialogue,
): Promise<DeletionResult> {
  const { twice, shown } = await beforeChanges(unchanged, async () => {
    const isChecked = !request.dryRun && (await prepareHost(context));
    if (!isChecked) await checkServer(context);
    return makeFirstPlan(request, context);
  });
  dialogue.plan(shown);
  throwIfRefused(shown, request);
  warnOfKept(shown, request, context);
  if (request.dryRun || shown.order.length === 0) return { deleted: [], failed: [] };
  await getYes(request, context, dialogue, shown);

  const { location } = request;
  return underHostLock(context, { command: `delete-${location}`, unchanged }, async () => {
    const fresh = await makePlan(request, context, twice);
    throwIfNothingLeft(shown, fresh, request, context);
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
    return result;
  });
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

async function getYes(
  request: DeleteRequest,
  { host }: CommandContext,
  dialogue: DeletionDialogue,
  shown: DeletionPlan,
): Promise<void> {
  if (request.yes) return;
  const backups = plural(shown.order.length, `${request.location} backup`);
  await confirm(dialogue, `Delete ${backups} of ${host}${describeFreed(shown)}?`, {
    unchanged,
    hint: 'pass --yes to delete these backups, or --dry-run to see the plan only',
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
