import type { Backup } from '../../backup/backup.js';
import { chainOf, findRestorable, indexBackups } from '../../backup/chain.js';
import { findOutOfOrder } from '../../backup/list-order.js';
import { type CreationTimes, sortByAge } from '../../backup/names.js';
import { ChbackupError, InterruptedError } from '../../errors.js';
import { plural, shortList } from '../../text.js';
import {
  type CheckedBackup,
  CompletenessCheck,
  type CompletenessContext,
} from '../completeness.js';
import type { Completeness } from '../table-reading.js';

/**
 * Checks whether the backups that may be incomplete without a sign in the list are complete: the newest
 * backup that can be restored, its full backup, and all that are listed out of order. Warns about those
 * that cannot be checked. Returns the others by name.
 */
export async function checkCompleteness(
  remote: readonly Backup[],
  recordedTimes: CreationTimes,
  context: CompletenessContext,
): Promise<Map<string, Completeness>> {
  const { report } = context;
  const check = new CompletenessCheck(context);
  const found = new Map<string, Completeness>();
  const unchecked: string[] = [];
  let reason = '';
  for (const name of namesToCheck(remote, recordedTimes)) {
    const result = await tryToCheck(check, name);
    if (result.kind === 'complete' || result.kind === 'incomplete') {
      found.set(name, result);
      continue;
    }
    if (result.kind === 'unchecked' && result.why === 'unsupported') {
      report.warn(`--deep has no effect: ${result.reason}`);
      return found;
    }
    unchecked.push(name);
    reason ||= result.reason;
  }
  if (unchecked.length > 0) {
    const backups = plural(unchecked.length, 'backup is', 'backups are');
    report.warn(`could not check whether ${backups} complete: ${reason} (${shortList(unchecked)})`);
  }
  return found;
}

/** What is listed already is shown, even if the server fails meanwhile. */
async function tryToCheck(check: CompletenessCheck, name: string): Promise<CheckedBackup> {
  try {
    return await check.check(name);
  } catch (error) {
    if (!(error instanceof ChbackupError) || error instanceof InterruptedError) throw error;
    return { kind: 'unchecked', why: 'no-answer', reason: error.message, name };
  }
}

function namesToCheck(remote: readonly Backup[], recordedTimes: CreationTimes): Set<string> {
  const index = indexBackups(remote);
  const restorable = findRestorable(index);
  const good = [...index.values()].filter(({ name }) => restorable.has(name));
  const newest = sortByAge(good, recordedTimes).at(-1);
  const names = new Set<string>();
  if (newest !== undefined) {
    names.add(newest.name);
    const full = chainOf(remote, newest.name).chain.at(-1);
    if (full !== undefined) names.add(full.name);
  }
  for (const name of findOutOfOrder(remote)) if (index.get(name)?.state === 'ok') names.add(name);
  return names;
}
