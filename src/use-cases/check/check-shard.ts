import type { Backup } from '../../backup/backup.js';
import type { Check, CheckName, CheckResult } from '../../backup/check-result.js';
import { BusyError, ChbackupError, InterruptedError, StateError } from '../../errors.js';
import { secondLookPauseMs } from '../../time/intervals.js';
import { beforeChanges } from '../confirmation.js';
import type { Replica, ShardContext } from '../context.js';
import { readRecordedTimes } from '../recorded-times.js';
import { findSharedPath } from '../shared-path.js';
import type { CheckLimits, Facts, FailedReplica, ListFacts, ReplicaReading } from './facts.js';
import { judge, withCheck } from './judge.js';
import { judgeComplete } from './judge-complete.js';
import { judgeWithoutList } from './judge-without-list.js';
import { readOwnFiles } from './own-files.js';
import { readAgain, readReplicas } from './read-replicas.js';

export interface CheckRequest {
  limits: CheckLimits;
  /** Also read the tables of backups, to find out whether they are complete. */
  deep: boolean;
}

/** What a check works with. It writes no file, not even the log. */
export type CheckContext = Pick<
  ShardContext,
  'clock' | 'signal' | 'files' | 'logDirectory' | 'replicas' | 'report'
>;

/** What a list may show although nothing is wrong: a storage error looks like lost backups. */
const byList: ReadonlySet<CheckName> = new Set([
  'newest',
  'full',
  'last-backup',
  'chain',
  'size',
  'broken',
  'local',
  'replicas',
]);

/**
 * Checks that a shard has recent backups that can be restored. Changes nothing and
 * takes no lock. Throws only if a signal stops it.
 */
export function checkShard(request: CheckRequest, context: CheckContext): Promise<CheckResult> {
  return beforeChanges('nothing was changed', () => check(request, context));
}

async function check({ deep, limits }: CheckRequest, context: CheckContext): Promise<CheckResult> {
  const { clock, report, replicas, signal } = context;
  report.phase('reading the lists of backups');
  const first = await readReplicas(replicas);
  let facts = gather(first, limits, context);
  let lists = withList(facts);
  if (lists === undefined) {
    const failed = first.filter((each): each is FailedReplica => each.kind === 'failed');
    return judgeWithoutList(facts, failed);
  }
  let result = judge(lists);
  if (result.checks.some(looksBad)) {
    report.phase('waiting to read the lists again');
    const before: readonly Backup[] = lists.remote;
    const second = await beforeDeadline(async () => {
      await clock.sleep(secondLookPauseMs, signal);
      report.phase('reading the lists again');
      return readAgain(replicas, first);
    });
    if (second !== undefined && !signal.aborted) {
      facts = gather(second, limits, context);
      const again = withList(facts);
      const failed = second.filter((each) => each.kind === 'failed');
      if (again !== undefined) {
        lists = again;
        result = judge(lists, before);
      } else if (!failed.some(({ error }) => error instanceof BusyError)) {
        return judgeWithoutList(facts, failed);
      }
      // The status file does not know of a lost backup; the first list is all that does.
    }
  }
  if (!deep) return result;
  const { host, server } = usedReplica(lists, replicas);
  const { newest } = result;
  return withCheck(
    result,
    await judgeComplete(lists, newest, { clock, host, report, server, signal }),
  );
}

function looksBad({ name, status }: Check): boolean {
  return byList.has(name) && (status === 'warning' || status === 'critical');
}

/** Returns undefined if the time for the check is over: what was read first is all that is known. */
async function beforeDeadline<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ChbackupError) || error instanceof InterruptedError) throw error;
    return undefined;
  }
}

function gather(
  readings: readonly ReplicaReading[],
  limits: CheckLimits,
  context: CheckContext,
): Facts {
  const { logDirectory } = context;
  const recordedTimes = readRecordedTimes(context, () => logDirectory.earlierTimes());
  return {
    nowMs: context.clock.now(),
    limits,
    recordedTimes,
    replicas: readings,
    own: readOwnFiles(context.files),
    sharedPath: sharedPathOf(readings, context),
  };
}

/** Adds the lists of the first replica that has shown them. */
function withList(facts: Facts): ListFacts | undefined {
  const used = facts.replicas.find((each) => each.kind === 'read');
  if (used === undefined) return undefined;
  return { ...facts, used, remote: used.rows.filter(({ location }) => location === 'remote') };
}

function usedReplica(
  { replicas: readings, used }: ListFacts,
  replicas: readonly Replica[],
): Replica {
  const replica = replicas[readings.indexOf(used)];
  if (replica === undefined) throw new Error('each reading is of a replica');
  return replica;
}

function sharedPathOf(
  readings: readonly ReplicaReading[],
  context: CheckContext,
): string | undefined {
  const used = readings.find((each) => each.kind === 'read');
  const remote = (used?.rows ?? []).filter(({ location }) => location === 'remote');
  try {
    const names = new Set(remote.map(({ name }) => name));
    const shared = findSharedPath(context, names, context.logDirectory.earlier());
    return shared && `${shared.reason}; ${shared.hint}`;
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return undefined;
  }
}
