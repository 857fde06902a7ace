import type { Backup } from '../backup.js';
import { groupByBase } from '../chain.js';
import { type CreationTimes, sortByAge } from '../names.js';

/**
 * Returns the order in which to delete these names: increments before their bases, otherwise broken
 * backups first (their bases are unknown and must not be deleted before them), otherwise the newest
 * first. If the deletes stop halfway, no increment has lost its base.
 */
export function orderDeletes(
  backups: readonly Backup[],
  names: ReadonlySet<string>,
  recordedTimes?: CreationTimes,
): string[] {
  const named = backups.filter((row) => names.has(row.name));
  const oldestFirst = sortByAge(named, recordedTimes);
  const lastFirst = [
    ...oldestFirst.filter((row) => row.state !== 'broken'),
    ...oldestFirst.filter((row) => row.state === 'broken'),
  ];
  const direct = groupByBase(lastFirst);
  const order = new Set<string>();
  const entered = new Set<string>();
  // Depth first with an explicit stack, because a long chain is deeper than the call stack.
  const stack = lastFirst.map((row) => row.name);
  for (let name = stack.at(-1); name !== undefined; name = stack.at(-1)) {
    if (entered.has(name)) {
      stack.pop();
      order.add(name);
      continue;
    }
    entered.add(name);
    for (const row of direct.get(name) ?? []) if (!entered.has(row.name)) stack.push(row.name);
  }
  return [...order];
}
