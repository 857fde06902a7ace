import type { Check, CheckResult } from '../../backup/check-result.js';
import { createdMsOf } from '../../backup/names.js';
import {
  BusyError,
  type ChbackupError,
  exitCodeOf,
  exitCodes,
  type ExitCode,
} from '../../errors.js';
import type { RecordedBackup } from '../../state/status.js';
import { type FailedReplica, type Facts, toleratedMs } from './facts.js';
import { judgeAge, judgeFull } from './judge-age.js';
import { judgeChain } from './judge-backups.js';
import { failureOf, judgeInterrupted } from './judge-replicas.js';
import { noFigures, resultOf, skipped } from './judge.js';

/** Judges a shard of which no replica has shown its backups. */
export function judgeWithoutList(facts: Facts, failed: readonly FailedReplica[]): CheckResult {
  const busy = failed.find(({ error }) => error instanceof BusyError);
  const recorded = newestRecorded(facts);
  if (busy !== undefined && recorded !== undefined) {
    return judgeByStatus(facts, busy.error, recorded);
  }
  const text = clauseOf(failed.map(({ error }) => error));
  const server: Check = { name: 'server', status: 'critical', text };
  const rest = resultOf(
    [server, skipped('newest', 'unknown: no list could be read'), judgeInterrupted(facts)],
    noFigures,
    undefined,
  );
  return { ...rest, exitCode: sharedCode(failed.map(({ error }) => error)) };
}

/** Returns the result for a shard that could not be checked at all. */
export function resultOfError(error: ChbackupError): CheckResult {
  const server: Check = { name: 'server', status: 'critical', text: clauseOf([error]) };
  return { ...resultOf([server], noFigures, undefined), exitCode: exitCodeOf(error) };
}

/** Old servers must not list while an operation is running (clickhouse-backup-api.md#list-lock). */
function judgeByStatus(facts: Facts, error: ChbackupError, recorded: RecordedBackup): CheckResult {
  const { nowMs, recordedTimes, own } = facts;
  const ageOf = (createdMs: number | undefined) =>
    createdMs === undefined || createdMs > nowMs + toleratedMs
      ? undefined
      : Math.max(0, nowMs - createdMs);
  const ageMs = ageOf(recorded.createdAt.getTime());
  const { backup, chainLength, dataBytes, fullBackup } = recorded;
  const success = own.status?.lastSuccess.FULL;
  const fullMs =
    success?.backup === fullBackup
      ? success?.createdAt.getTime()
      : createdMsOf(fullBackup ?? '', recordedTimes);
  const text = `${error.message}, so its list was not read; the status file knows the last recorded backup`;
  return resultOf(
    [
      { name: 'server', status: 'warning', text },
      judgeAge(facts, {
        newest: { name: backup, ageMs },
        source: ', according to the status file',
      }),
      fullBackup === undefined
        ? skipped('full', 'the status file does not name the full backup')
        : judgeFull(facts, { name: fullBackup, ageMs: ageOf(fullMs) }),
      judgeChain(facts, chainLength),
      judgeOthers(facts),
      judgeInterrupted(facts),
    ],
    {
      newest: backup,
      ageSeconds: ageMs === undefined ? undefined : Math.floor(ageMs / 1000),
      chain: chainLength,
      dataBytes,
    },
    undefined,
  );
}

/** Judges the replicas that are not busy. */
function judgeOthers({ replicas }: Facts): Check {
  const name = 'replicas';
  const problems = replicas.flatMap((replica, at) => {
    const isDown = replica.kind === 'failed' && !(replica.error instanceof BusyError);
    return isDown ? failureOf(replica, at) : [];
  });
  if (problems.length === 0) return skipped(name, 'not checked');
  return { name, status: 'warning', text: problems.join('; ') };
}

function newestRecorded({ own: { status } }: Facts): RecordedBackup | undefined {
  return Object.values(status?.lastSuccess ?? {})
    .toSorted((one, other) => one.createdAt.getTime() - other.createdAt.getTime())
    .at(-1);
}

/** Returns the code that all errors share, or else that of an unreachable shard. */
function sharedCode(errors: readonly ChbackupError[]): ExitCode {
  const [code = exitCodes.failed, ...others] = new Set(errors.map(exitCodeOf));
  return others.length === 0 ? code : exitCodes.unreachable;
}

/** Returns all messages, and then each hint once. */
function clauseOf(errors: readonly ChbackupError[]): string {
  const messages = errors.map(({ message }) => message).join('; ');
  const hints = [...new Set(errors.flatMap(({ hint }) => hint ?? []))].join('; ');
  return hints === '' ? messages : `${messages} (${hints})`;
}
