import type { Backup, Location } from '../backup.js';
import { findRestorable, indexBackups } from '../chain.js';
import {
  createdMsOf,
  type CreationTimes,
  isDeletableName,
  parseBackupName,
  sortByAge,
} from '../names.js';
import type { Reason } from './reasons.js';

/** Which backups to delete. */
export type Selection =
  | { kind: 'all' }
  | { kind: 'names'; names: string[] }
  /** All but the newest `count`, at least 1. */
  | { kind: 'keep'; count: number }
  /** Those older than `ms`, more than 0. */
  | { kind: 'older-than'; ms: number }
  | { kind: 'broken' };

export interface SelectionInput {
  location: Location;
  /** The entries of that location, in the server's order. */
  backups: readonly Backup[];
  /** For `local`: the entries of the remote list; undefined if it could not be read. */
  remote?: readonly Backup[] | undefined;
  selection: Selection;
  /** The current time, ms since 1970. */
  nowMs: number;
  /** When the names were given, as far as that is recorded; for the others, the name decides. */
  recordedTimes?: CreationTimes | undefined;
  /** The names in all last-backup files of the log directory. */
  lastBackups: readonly string[];
  /** For `broken`: the names that were broken in two lists, two minutes apart. */
  brokenTwice?: ReadonlySet<string> | undefined;
  /** The names that were foreign in two lists, two minutes apart; undefined if there was one list. */
  foreignTwice?: ReadonlySet<string> | undefined;
}

export type Verdict = { action: 'delete' | 'keep'; reason: Reason };

/** Decides by age alone; `createdMs` is ms since 1970. */
type ByAge = (name: string, createdMs: number) => Verdict;

/**
 * Returns what the selection alone decides about a backup, before bases are protected. An entry
 * without a name is never selected: an empty storage of type `custom` lists one, and a request to
 * delete it can crash the server (clickhouse-backup-api.md#nameless-row). Neither is a name that the
 * server would change, because it would delete another backup. A foreign entry is selected only by
 * name.
 */
export function makeSelector(input: SelectionInput): (backup: Backup) => Verdict {
  const { selection } = input;
  const select = chooseSelector(input, selection);
  const index = indexBackups(input.backups);
  return (backup) => {
    const { name } = backup;
    if (name === '') return keep({ kind: 'no-name' });
    const isForeign = index.get(name)?.state === 'foreign';
    if (isForeign && selection.kind !== 'names') return keep({ kind: 'foreign' });
    if (!isDeletableName(name)) return keep({ kind: 'undeletable-name' });
    return select(backup);
  };
}

function chooseSelector(input: SelectionInput, selection: Selection): (backup: Backup) => Verdict {
  switch (selection.kind) {
    case 'keep':
      return protectByAge(input, keepNewest(input, selection.count));
    case 'older-than':
      return protectByAge(input, deleteOld(input, selection.ms));
    case 'broken':
      return deleteBroken(input);
    case 'all':
      return () => remove({ kind: 'all' });
    case 'names': {
      const names = new Set(selection.names);
      return ({ name }) =>
        names.has(name) ? remove({ kind: 'named' }) : keep({ kind: 'not-selected' });
    }
  }
}

function deleteBroken(input: SelectionInput): (backup: Backup) => Verdict {
  const worst = indexBackups(input.backups);
  return ({ name }) => {
    if (worst.get(name)?.state !== 'broken') return keep({ kind: 'not-broken' });
    return input.brokenTwice?.has(name)
      ? remove({ kind: 'broken' })
      : keep({ kind: 'broken-once' });
  };
}

/**
 * Keeps the newest `count`. On the remote storage only backups with a complete chain count, so that
 * an increment without its base never replaces a backup that can be restored; it is kept while it is
 * newer. Local copies count as they are: a downloaded increment is complete
 * (clickhouse-backup-api.md#local-copies).
 */
function keepNewest(input: SelectionInput, count: number): ByAge {
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`cannot keep ${count} backups`);
  const index = indexBackups(input.backups);
  const restorable = findRestorable(index);
  const byAge = sortByAge([...index.values()], input.recordedTimes);
  const counted = byAge.filter(({ name, state }) => {
    if (state !== 'ok' || parseBackupName(name) === undefined) return false;
    return input.location === 'local' || restorable.has(name);
  });
  const newest = new Set(counted.slice(-count).map(({ name }) => name));
  const oldestKept = counted.at(-count)?.name;
  const newer = new Set<string>();
  for (const { name } of byAge.toReversed()) {
    newer.add(name);
    if (name === oldestKept) break;
  }
  return (name) => {
    if (newest.has(name)) return keep({ kind: 'newest', count });
    if (newer.has(name)) return keep({ kind: 'newer-than-kept' });
    return remove({ kind: 'older-than-kept', count });
  };
}

function deleteOld(input: SelectionInput, olderThanMs: number): ByAge {
  if (!(olderThanMs > 0)) throw new RangeError(`cannot select by an age of ${olderThanMs} ms`);
  return (_name, createdMs) => {
    const ageMs = input.nowMs - createdMs;
    return ageMs > olderThanMs ? remove({ kind: 'old', ageMs }) : keep({ kind: 'young', ageMs });
  };
}

/** Keeps what `--keep` and `--older-than` never delete, whatever its age. */
function protectByAge(input: SelectionInput, byAge: ByAge): (backup: Backup) => Verdict {
  const lastBackups = new Set(input.lastBackups);
  const onRemote = findRestorable(
    indexBackups((input.remote ?? []).filter((row) => row.location === 'remote')),
  );
  const worst = indexBackups(input.backups);
  return ({ name }) => {
    const createdMs = createdMsOf(name, input.recordedTimes ?? new Map());
    if (createdMs === undefined) return keep({ kind: 'unknown-name' });
    const state = worst.get(name)?.state;
    if (state === 'broken' || state === 'old-format') return keep({ kind: 'bad-state', state });
    const verdict = byAge(name, createdMs);
    if (verdict.action === 'keep') return verdict;
    if (lastBackups.has(name)) return keep({ kind: 'last-backup' });
    if (input.location === 'remote' || onRemote.has(name)) return verdict;
    return keep({ kind: input.remote === undefined ? 'remote-unknown' : 'not-on-remote' });
  };
}

function remove(reason: Reason): Verdict {
  return { action: 'delete', reason };
}

function keep(reason: Reason): Verdict {
  return { action: 'keep', reason };
}
