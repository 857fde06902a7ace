import type { Backup } from '../../backup/backup.js';
import type { Check } from '../../backup/check-result.js';
import { OperationTimeoutError } from '../../errors.js';
import { formatDuration, plural, shortList } from '../../text.js';
import { parseLocalTime } from '../../time/local-time.js';
import {
  type FailedReplica,
  type Facts,
  type ListFacts,
  noFiles,
  type ReadReplica,
} from './facts.js';
import { ageOf, type NewestChain } from './newest-chain.js';

const day = 24 * 3_600_000;
/** More local copies than this fill the disk of ClickHouse. */
const mostLocal = 20;

/** Judges whether local copies pile up on a replica. */
export function judgeLocal(facts: ListFacts): Check {
  const name = 'local';
  const read = facts.replicas.filter((each) => each.kind === 'read');
  const problems = read.flatMap((replica) => localProblems(replica, facts));
  if (problems.length > 0) return { name, status: 'warning', text: problems.join('; ') };
  const counts = read.map(
    ({ host, rows }) => `${plural(copiesOf(rows).length, 'copy', 'copies')} on ${host}`,
  );
  return { name, status: 'ok', text: counts.join(', ') };
}

function localProblems(
  { host, rows }: ReadReplica,
  { remote, recordedTimes, nowMs }: ListFacts,
): string[] {
  const copies = copiesOf(rows);
  const uploaded = new Set(remote.map(({ name }) => name));
  const left = copies.filter((copy) => {
    const ageMs = ageOf(copy, recordedTimes, nowMs);
    return !uploaded.has(copy.name) && ageMs !== undefined && ageMs > day;
  });
  const names = shortList(left.map(({ name }) => name));
  const lost = plural(left.length, 'copy', 'copies');
  return [
    ...(left.length === 0
      ? []
      : [
          `${host} has ${lost} older than a day that ${left.length === 1 ? 'is' : 'are'} not on the remote storage: ${names}`,
        ]),
    ...(copies.length <= mostLocal
      ? []
      : [`${host} has ${copies.length} local copies, more than ${mostLocal}`]),
  ];
}

function copiesOf(rows: readonly Backup[]): Backup[] {
  return rows.filter(({ location, state }) => location === 'local' && state !== 'foreign');
}

/** Judges whether each replica could take over, and whether the shard shares its path with another. */
export function judgeReplicas(facts: ListFacts, newest: NewestChain | undefined): Check {
  const name = 'replicas';
  const { replicas, sharedPath } = facts;
  const problems = replicas.flatMap((replica, at) => {
    if (replica.kind === 'failed') return failureOf(replica, at);
    const wanted = newest?.newest.backup.name;
    const isListed = replica.rows.some((row) => row.location === 'remote' && row.name === wanted);
    return wanted === undefined || isListed
      ? []
      : `${replica.host} does not list the newest backup ${wanted}`;
  });
  if (sharedPath !== undefined) problems.push(sharedPath);
  if (problems.length > 0) return { name, status: 'warning', text: problems.join('; ') };
  const text =
    replicas.length === 1
      ? 'the only replica answers'
      : newest === undefined
        ? `${replicas.length} replicas answer`
        : `${replicas.length} replicas answer and list the newest backup`;
  return { name, status: 'ok', text };
}

/** Returns why a replica could not be read. An error of the whole check does not name the replica. */
export function failureOf({ error }: FailedReplica, at: number): string {
  const { message } = error;
  return error instanceof OperationTimeoutError ? `replica ${at + 1}: ${message}` : message;
}

/** Judges what an earlier run, or the server itself, has left running. */
export function judgeInterrupted(facts: Facts): Check {
  const name = 'interrupted';
  const problems = [...journalProblems(facts), ...watchProblems(facts)];
  if (problems.length > 0) return { name, status: 'warning', text: problems.join('; ') };
  const { exist, journal, problem } = facts.own;
  if (problem !== undefined) return { name, status: 'skipped', text: `not checked: ${problem}` };
  if (!exist) return { name, status: 'skipped', text: `not checked: ${noFiles}` };
  const text =
    journal.kind === 'none'
      ? 'no run was interrupted'
      : 'a run is not finished yet, but began recently';
  return { name, status: 'ok', text };
}

function journalProblems({ own: { journal, holder }, nowMs, limits }: Facts): string[] {
  if (holder?.isSeen || journal.kind === 'none') return [];
  if (journal.kind === 'unreadable') return ['the journal of an earlier run cannot be parsed'];
  const { backup, startedAt } = journal.journal;
  const startedMs = parseLocalTime(startedAt);
  const ageMs = startedMs === undefined ? undefined : nowMs - startedMs;
  if (ageMs !== undefined && ageMs <= limits.timeoutMs) return [];
  const since = ageMs === undefined ? '' : ` ${formatDuration(ageMs)} ago`;
  return [
    `the run that began backup ${backup}${since} was interrupted, and no later run has recovered it`,
  ];
}

/** `watch` makes backups of its own and keeps the server's lock (clickhouse-backup-api.md#lock). */
function watchProblems({ replicas }: Facts): string[] {
  return replicas
    .filter((each) => each.kind === 'read')
    .filter(({ running }) => running.some(({ command }) => /^watch( |$)/.test(command)))
    .map(({ host }) => `${host} is running \`watch\`, so chbackup cannot create backups on it`);
}
