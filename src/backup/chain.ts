import type { Backup, Location } from './backup.js';

/** Why a backup cannot be restored: the backup itself (`missing`, `broken`) or one of its bases. */
export interface ChainProblem {
  kind: 'missing' | 'broken' | 'base-missing' | 'base-broken' | 'cycle';
  /** The backup that is missing or broken; for a cycle, the backup that occurs twice. */
  name: string;
  /** The increment on `name`; undefined if `name` is the requested backup itself. */
  requiredBy?: string;
  /** The server's text about `name`; empty if there is none. */
  description: string;
}

/** A backup and its bases, down to its full backup, as far as the list shows them. */
export type Chain =
  | { chain: Backup[]; complete: true }
  | { chain: Backup[]; complete: false; problem: ChainProblem };

/** Returns the copy at this location; of entries that disagree, the worst (see `indexBackups`). */
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
 * Returns the backups of one location by name, in the order of the list. A name that is listed twice
 * gets its worst entry; it is broken if its entries have different bases, because its base is then
 * unknown, and foreign only if all its entries are.
 */
export function indexBackups(backups: Iterable<Backup>): Map<string, Backup> {
  const index = new Map<string, Backup>();
  for (const row of backups) {
    const known = index.get(row.name);
    index.set(row.name, known === undefined ? row : worseOf(known, row));
  }
  return index;
}

/** Follows a backup's bases down to its full backup. `backups` are those of one location. */
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
    if (backup.required === undefined) return { chain, complete: true };
    wanted = backup.required;
  }
}

/** Returns the names of all backups that can be restored: their chains are complete and `ok`. */
export function findRestorable(index: ReadonlyMap<string, Backup>): Set<string> {
  const verdicts = new Map<string, boolean>();
  for (const start of index.keys()) {
    const path: string[] = [];
    let name = start;
    while (!verdicts.has(name)) {
      // Until it is known: a chain that comes back here is a cycle and stays false.
      verdicts.set(name, false);
      path.push(name);
      const backup = index.get(name);
      if (backup?.state !== 'ok') break;
      if (backup.required === undefined) verdicts.set(name, true);
      else name = backup.required;
    }
    const isRestorable = verdicts.get(name) === true;
    for (const above of path) verdicts.set(above, isRestorable);
  }
  return new Set([...index.keys()].filter((name) => verdicts.get(name)));
}

/** Returns the increments directly on each base, in the order of the list. */
export function groupByBase(backups: Iterable<Backup>): Map<string, Backup[]> {
  const groups = new Map<string, Backup[]>();
  for (const row of backups) {
    if (row.required === undefined) continue;
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
