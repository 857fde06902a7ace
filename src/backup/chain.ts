import type { Backup, Location } from './backup.js';

/** Why a backup cannot be relied on: itself (`missing`, `broken`), or what it stands on. */
export interface ChainProblem {
  kind: 'missing' | 'broken' | 'base-missing' | 'base-broken' | 'cycle';
  /** The backup that is at fault; for a cycle, the one that the chain comes back to. */
  name: string;
  /** Who requires that one; the backup asked for has nobody. */
  requiredBy?: string;
  /** The server's own words on it, or ours; empty if there are none. */
  description: string;
}

/** A backup and what it requires, top down to its full, as far as the list shows them. */
export type Chain =
  | { chain: Backup[]; complete: true }
  | { chain: Backup[]; complete: false; problem: ChainProblem };

/** The copy of this name at this location; where rows of it disagree, the worst (see `indexBackups`). */
export function findBackup(
  backups: Iterable<Backup>,
  location: Location,
  name: string,
): Backup | undefined {
  const rows: Backup[] = [];
  for (const row of backups) if (row.location === location && row.name === name) rows.push(row);
  return indexBackups(rows).get(name);
}

/**
 * The backups of one location by name, in the list's order. A name listed twice is as bad as its
 * worst row, and broken if its rows name different bases, because its base is then unknown. It is
 * foreign only if all its rows are.
 */
export function indexBackups(backups: Iterable<Backup>): Map<string, Backup> {
  const index = new Map<string, Backup>();
  for (const row of backups) {
    const known = index.get(row.name);
    index.set(row.name, known === undefined ? row : worseOf(known, row));
  }
  return index;
}

/** Walks `required` from a backup down to its full. `backups` are those of one location. */
export function chainOf(backups: Iterable<Backup>, name: string): Chain {
  const index = indexBackups(backups);
  const chain: Backup[] = [];
  const seen = new Set<string>();
  let wanted = name;
  for (;;) {
    const above = chain.at(-1);
    const stop = (kind: ChainProblem['kind'], description = ''): Chain => {
      const by = above === undefined ? {} : { requiredBy: above.name };
      return { chain, complete: false, problem: { kind, name: wanted, ...by, description } };
    };
    if (seen.has(wanted)) return stop('cycle');
    const backup = index.get(wanted);
    if (backup === undefined) return stop(above === undefined ? 'missing' : 'base-missing');
    seen.add(wanted);
    chain.push(backup);
    if (backup.state !== 'ok') {
      const words = backup.description || backup.state;
      return stop(above === undefined ? 'broken' : 'base-broken', words);
    }
    if (backup.required === '') return { chain, complete: true };
    wanted = backup.required;
  }
}

/** Names of all backups whose whole chain is there and sound: those that can be restored. Linear. */
export function findWhole(index: ReadonlyMap<string, Backup>): Set<string> {
  const verdicts = new Map<string, boolean>();
  for (const start of index.keys()) {
    const path: string[] = [];
    let name = start;
    while (!verdicts.has(name)) {
      // Until known: a chain that comes back here is a circle, and stays false.
      verdicts.set(name, false);
      path.push(name);
      const backup = index.get(name);
      if (backup?.state !== 'ok') break;
      if (backup.required === '') verdicts.set(name, true);
      else name = backup.required;
    }
    const whole = verdicts.get(name) === true;
    for (const above of path) verdicts.set(above, whole);
  }
  return new Set([...index.keys()].filter((name) => verdicts.get(name)));
}

/** The rows that directly require each base, in the list's order. */
export function groupByBase(backups: Iterable<Backup>): Map<string, Backup[]> {
  const groups = new Map<string, Backup[]>();
  for (const row of backups) {
    if (row.required === '') continue;
    const group = groups.get(row.required);
    if (group === undefined) groups.set(row.required, [row]);
    else group.push(row);
  }
  return groups;
}

function worseOf(one: Backup, other: Backup): Backup {
  if (one.state === 'foreign' && other.state !== 'foreign') return { ...one, state: 'broken' };
  if (other.state === 'foreign' && one.state !== 'foreign') return { ...other, state: 'broken' };
  const badness = { ok: 0, 'old-format': 1, broken: 2, foreign: 3 };
  if (one.state !== other.state) return badness[one.state] > badness[other.state] ? one : other;
  if (one.required === other.required) return one;
  return { ...one, state: 'broken', description: 'listed twice, with different bases' };
}
