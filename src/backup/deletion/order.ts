import type { Backup } from '../backup.js';
import { groupByBase } from '../chain.js';
import { sortByAge } from '../names.js';

/**
 * In which order to delete these names: dependents before their bases, else the broken ones first
 * (what they stand on is unknown, so it must not go before them), else the newest first. Whoever
 * stops between two deletes has made no orphan.
 */
export function orderDeletes(backups: readonly Backup[], names: ReadonlySet<string>): string[] {
  const oldestFirst = sortByAge(backups.filter((row) => names.has(row.name)));
  const lastFirst = [
    ...oldestFirst.filter((row) => row.state !== 'broken'),
    ...oldestFirst.filter((row) => row.state === 'broken'),
  ];
  const direct = groupByBase(lastFirst);
  const order = new Set<string>();
  const entered = new Set<string>();
  // Depth first, with a stack of our own: an endless chain is deeper than the call stack.
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
