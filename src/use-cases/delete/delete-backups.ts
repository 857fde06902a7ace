import type { Backup, Location } from '../../backup/backup.js';
import {
  countHeldByBroken,
  type DeletionPlan,
  mergePlans,
  planDeletion,
} from '../../backup/deletion/plan.js';
import type { Selection } from '../../backup/deletion/selection.js';
import { NotFoundError, OperationFailedError } from '../../errors.js';
import {
  deleteInOrder,
  type DeletionObserver,
  type DeletionResult,
  throwIfIncomplete,
} from './delete-in-order.js';
import { type Asker, confirm } from '../confirmation.js';
import { underHostLock } from '../host-lock.js';
import type { CommandContext } from '../context.js';
import { emptyStorage, lastBackupNotListed } from '../empty-storage.js';
import { findBrokenTwice, findForeignTwice, type SeenTwice } from './second-look.js';

export interface DeleteRequest {
  location: Location;
  selection: Selection;
  dryRun: boolean;
  /** The person has said yes beforehand. */
  yes: boolean;
}

/** Whom a delete shows its plan, asks, and tells how far it is. */
export interface DeletionDialogue extends DeletionObserver, Asker {
  plan(plan: DeletionPlan): void;
  /** It was to be deleted by the plan shown, but the one made under the lock keeps it. */
  keptAfterAll(name: string, reason: string): void;
}

/** check the server → read → plan → show → ask → lock → read and plan again → delete, dependents before their bases. */
export async function deleteBackups(
  request: DeleteRequest,
  context: CommandContext,
  dialogue: DeletionDialogue,
): Promise<DeletionResult> {
  context.report.phase('checking that ClickHouse answers');
  await context.client.checkUsable();
  const { twice, shown } = await makeFirstPlan(request, context);
  dialogue.plan(shown);
  throwIfRefused(shown);
  warnOfHeld(shown, request, context);
  if (request.dryRun || shown.order.length === 0) return { deleted: [], failed: [] };
  await getYes(request, context, dialogue, shown.order.length);

  const { location } = request;
  return underHostLock(context, `delete-${location}`, async () => {
    const fresh = await makePlan(request, context, twice);
    throwIfNothingLeft(shown, fresh, request, context);
    throwIfRefused(fresh);
    const plan = mergePlans(shown, fresh);
    reportKept(shown, plan, dialogue);
    if (location === 'remote') forgetBases(context, new Set(plan.order));
    const result = await deleteInOrder({
      plan,
      location,
      client: context.client,
      observer: dialogue,
      planAgain: (left) => makePlan(onlyOf(request, left), context, twice),
    });
    throwIfIncomplete(result, location);
    return result;
  });
}

/**
 * A running upload, of any host, and a passing storage error look like a broken backup, or like a
 * foreign entry (contract §5). What is deleted because of such a row is looked at twice.
 */
async function makeFirstPlan(
  request: DeleteRequest,
  context: CommandContext,
): Promise<{ twice: SeenTwice; shown: DeletionPlan }> {
  const { location, selection } = request;
  if ('broken' in selection) {
    const twice = { brokenTwice: await findBrokenTwice(location, context) };
    return { twice, shown: await makePlan(request, context, twice) };
  }
  const shown = await makePlan(request, context, {});
  // Local copies are complete: none of them needs a base.
  if (shown.all || location === 'local') return { twice: {}, shown };
  const foreign = shown.items
    .map(({ backup }) => backup)
    .filter(({ state }) => state === 'foreign');
  const names = new Set(foreign.map(({ name }) => name));
  // What looks foreign later was not foreign twice.
  if (shown.order.every((name) => names.has(name)) || foreign.length === 0) {
    return { twice: { foreignTwice: names }, shown };
  }
  const twice = { foreignTwice: await findForeignTwice(location, foreign, context) };
  return { twice, shown: await makePlan(request, context, twice) };
}

/** Names that are deleted already are not to be missed. */
function onlyOf(request: DeleteRequest, left: readonly string[]): DeleteRequest {
  return 'names' in request.selection ? { ...request, selection: { names: [...left] } } : request;
}

async function makePlan(
  { location, selection }: DeleteRequest,
  context: CommandContext,
  twice: SeenTwice,
): Promise<DeletionPlan> {
  const { clock, client, logDirectory, report } = context;
  report.phase(`reading the ${location} list`);
  const byAge = 'keep' in selection || 'olderThanMs' in selection;
  const bothNeeded = location === 'local' && byAge;
  const backups = await client.list(bothNeeded ? 'all' : location);
  if (location === 'remote' || bothNeeded) throwIfEmptyUnexpectedly(context, backups);
  return planDeletion({
    location,
    backups,
    remote: bothNeeded ? backups : undefined,
    selection,
    nowMs: clock.now(),
    lastBackups: logDirectory.readLastBackups().map(({ name }) => name),
    ...twice,
  });
}

function throwIfEmptyUnexpectedly(
  { files, host }: CommandContext,
  backups: readonly Backup[],
): void {
  const last = files.readLastBackup();
  if (last.kind === 'none' || backups.some((row) => row.location === 'remote')) return;
  throw lastBackupNotListed(host, last.name, files.lastBackupFile);
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
    if (!planned.has(name))
      dialogue.keptAfterAll(name, reasons.get(name) ?? 'it is not there any more');
  }
}

/** Retention that a broken row has stopped must not look like one with nothing to do. */
function warnOfHeld(
  plan: DeletionPlan,
  { location }: DeleteRequest,
  { report }: CommandContext,
): void {
  const held = countHeldByBroken(plan);
  if (held === 0) return;
  report.warn(
    `${held} more would be deleted, but a broken backup may require them; delete-${location} --broken takes those that stay broken`,
  );
}

function throwIfRefused({ refused }: DeletionPlan): void {
  if (refused === undefined) return;
  const reason = `nothing was deleted: ${refused.reason}`;
  if (refused.kind === 'not-found') throw new NotFoundError(reason);
  throw new OperationFailedError(reason, {
    hint: 'name what needs it as well, or leave it out',
  });
}

async function getYes(
  request: DeleteRequest,
  { host }: CommandContext,
  dialogue: DeletionDialogue,
  count: number,
): Promise<void> {
  if (request.yes) return;
  const what = `${count} ${request.location} backup${count === 1 ? '' : 's'} of ${host}`;
  await confirm(dialogue, `Delete ${what}?`, {
    unchanged: 'nothing was deleted',
    hint: 'pass --yes to delete these backups, or --dry-run to see the plan only',
  });
}

/** What is about to go must not be taken as a base any more, even if we are killed on the way. */
function forgetBases({ files, logDirectory }: CommandContext, names: ReadonlySet<string>): void {
  for (const { file, name } of logDirectory.readLastBackups()) {
    if (names.has(name)) logDirectory.removeLastBackup(file);
  }
  const read = files.readJournal();
  if (read.kind === 'journal' && names.has(read.journal.backup)) files.removeJournal();
}
