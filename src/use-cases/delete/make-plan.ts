import type { Backup, Location } from '../../backup/backup.js';
import { type DeletionPlan, planDeletion } from '../../backup/deletion/plan.js';
import type { Selection } from '../../backup/deletion/selection.js';
import type { CommandContext } from '../context.js';
import { lastBackupNotListed } from '../empty-storage.js';
import { readRecordedTimes } from '../recorded-times.js';
import { findBrokenTwice, findForeignTwice, type SeenTwice } from './seen-twice.js';

export interface PlanRequest {
  location: Location;
  selection: Selection;
}

/**
 * An upload that is still running, from any host, and a passing storage error look like a broken
 * backup or a foreign entry (clickhouse-backup-api.md#running-uploads). Such entries are read twice
 * before anything is deleted because of them.
 */
export async function makeFirstPlan(
  request: PlanRequest,
  context: CommandContext,
): Promise<{ twice: SeenTwice; shown: DeletionPlan }> {
  const { location, selection } = request;
  if (selection.kind === 'broken') {
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
  // An entry that looks foreign only later was not foreign twice.
  if (shown.order.every((name) => names.has(name)) || foreign.length === 0) {
    return { twice: { foreignTwice: names }, shown };
  }
  const twice = { foreignTwice: await findForeignTwice(location, foreign, context) };
  return { twice, shown: await makePlan(request, context, twice) };
}

/** Returns the request without the names already deleted, which must not count as missing. */
export function withoutDeleted(request: PlanRequest, left: readonly string[]): PlanRequest {
  if (request.selection.kind !== 'names') return request;
  return { ...request, selection: { kind: 'names', names: [...left] } };
}

/** Reads the list and plans from it. Throws if the list is empty although a backup is recorded. */
export async function makePlan(
  { location, selection }: PlanRequest,
  context: CommandContext,
  twice: SeenTwice,
): Promise<DeletionPlan> {
  const { clock, client, logDirectory, report } = context;
  report.phase(`reading the ${location} list`);
  const byAge = selection.kind === 'keep' || selection.kind === 'older-than';
  const bothNeeded = location === 'local' && byAge;
  const backups = await client.list(bothNeeded ? 'all' : location);
  if (location === 'remote' || bothNeeded) throwIfEmptyUnexpectedly(context, backups);
  return planDeletion({
    location,
    backups,
    remote: bothNeeded ? backups : undefined,
    selection,
    nowMs: clock.now(),
    // Which backups are deleted must not depend on a file that cannot be read now.
    recordedTimes: byAge ? logDirectory.readCreationTimes() : readRecordedTimes(context),
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
