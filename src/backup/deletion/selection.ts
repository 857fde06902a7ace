import type { Backup, Location } from '../backup.js';
import { findWhole, indexBackups } from '../chain.js';
import { isDeletableName, parseBackupName, sortByAge } from '../names.js';

/** What a person asked to delete; exactly one. */
export type Selection =
  | { all: true }
  | { names: string[] }
  /** How many of the newest to keep, at least 1. */
  | { keep: number }
  /** Age in ms, more than 0. */
  | { olderThanMs: number }
  | { broken: true };

export interface SelectionInput {
  location: Location;
  /** The rows of that location, in the server's order. */
  backups: readonly Backup[];
  /** For `local`: the rows of the remote list; undefined: it could not be read. */
  remote?: readonly Backup[] | undefined;
  selection: Selection;
  /** Now, ms since 1970. */
  nowMs: number;
  /** What any `.*_last_backup` names. */
  lastBackups: readonly string[];
  /** For `broken`: the names that were broken in two lists, two minutes apart. */
  brokenTwice?: ReadonlySet<string> | undefined;
  /** The names that were foreign in two lists, two minutes apart; undefined: only one list was read. */
  foreignTwice?: ReadonlySet<string> | undefined;
}

export type Verdict = { action: 'delete' | 'keep'; reason: string };

/** What its age alone says of a backup; `createdMs`: from its name, ms since 1970. */
type ByAge = (name: string, createdMs: number) => Verdict;

/**
 * What the selection alone says of a backup, before bases are protected. A row without a name
 * (what an empty custom storage lists, contract §10) is never selected: a server asked to delete
 * nothing by name can die of it. Nor is a name that the server would change, since another backup
 * would be deleted. A foreign entry is selected only by its name.
 */
export function makeSelector(input: SelectionInput): (backup: Backup) => Verdict {
  const { selection } = input;
  const byIt = chooseSelector(input, selection);
  const index = indexBackups(input.backups);
  return (backup) => {
    const { name } = backup;
    if (name === '') return keep('it has no name');
    const isForeign = index.get(name)?.state === 'foreign';
    if (isForeign && !('names' in selection)) return keep('not a backup: only --name deletes it');
    if (!isDeletableName(name))
      return keep('clickhouse-backup cannot delete an entry of this name');
    return byIt(backup);
  };
}

function chooseSelector(input: SelectionInput, selection: Selection): (backup: Backup) => Verdict {
  if ('keep' in selection) return protectByAge(input, keepNewest(input, selection.keep));
  if ('olderThanMs' in selection) return protectByAge(input, takeOld(input, selection.olderThanMs));
  if ('broken' in selection) return takeBroken(input);
  if ('all' in selection) return () => take('all were asked for');
  const names = new Set(selection.names);
  return ({ name }) => (names.has(name) ? take('asked for by name') : keep('not asked for'));
}

function takeBroken(input: SelectionInput): (backup: Backup) => Verdict {
  const worst = indexBackups(input.backups);
  return ({ name }) => {
    if (worst.get(name)?.state !== 'broken') return keep('not broken');
    if (input.brokenTwice?.has(name)) return take('broken');
    return keep('broken, but not in two lists: it may be an upload that is still running');
  };
}

/**
 * `--keep`: on the remote storage only backups with a whole chain are counted, so that orphans,
 * which nobody can restore, never push out what somebody can; orphans stay while they are newer.
 * Local copies are counted as they are: a downloaded increment brings what it needs (contract §11).
 */
function keepNewest(input: SelectionInput, count: number): ByAge {
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`cannot keep ${count} backups`);
  const index = indexBackups(input.backups);
  const whole = findWhole(index);
  const counted = sortByAge([...index.values()]).filter(({ name, state }) => {
    if (state !== 'ok' || parseBackupName(name) === undefined) return false;
    return input.location === 'local' || whole.has(name);
  });
  const newest = new Set(counted.slice(-count).map(({ name }) => name));
  const border = counted.at(-count)?.name;
  const newer = new Set<string>();
  for (const { name } of sortByAge([...index.values()]).toReversed()) {
    newer.add(name);
    if (name === border) break;
  }
  const text = count === 1 ? 'the newest' : `the ${count} newest`;
  return (name) => {
    if (newest.has(name)) return keep(count === 1 ? text : `one of ${text}`);
    return newer.has(name) ? keep('newer than what is kept') : take(`older than ${text}`);
  };
}

function takeOld(input: SelectionInput, olderThanMs: number): ByAge {
  if (!(olderThanMs > 0)) throw new RangeError(`cannot select by an age of ${olderThanMs} ms`);
  return (_name, createdMs) => {
    const ageMs = input.nowMs - createdMs;
    const days = (ageMs / 86_400_000).toFixed(1);
    return ageMs > olderThanMs ? take(`${days} days old`) : keep(`only ${days} days old`);
  };
}

/** What `--keep` and `--older-than` leave alone, whatever its age. */
function protectByAge(input: SelectionInput, byAge: ByAge): (backup: Backup) => Verdict {
  const lastBackups = new Set(input.lastBackups);
  const onRemote = findWhole(
    indexBackups((input.remote ?? []).filter((row) => row.location === 'remote')),
  );
  const worst = indexBackups(input.backups);
  return ({ name }) => {
    const made = parseBackupName(name);
    if (made === undefined) return keep('not a name that chbackup gives');
    const state = worst.get(name)?.state;
    if (state === 'broken') return keep('broken: only --broken, --name or --all take it');
    if (state === 'old-format') return keep('old-format: only --name or --all take it');
    const verdict = byAge(name, made.atMs);
    if (verdict.action === 'keep') return verdict;
    if (lastBackups.has(name)) return keep('a last-backup file names it');
    if (input.location === 'remote' || onRemote.has(name)) return verdict;
    if (input.remote === undefined) return keep('the remote list could not be read');
    return keep('not on the remote storage yet');
  };
}

function take(reason: string): Verdict {
  return { action: 'delete', reason };
}

function keep(reason: string): Verdict {
  return { action: 'keep', reason };
}
