import { exitCodes } from '../../src/errors.js';
import { parseStatus, type Status } from '../../src/state/status.js';
import type { RunRecord } from './run-record.js';
import type { ScheduleRecord } from './schedule-record.js';

/**
 * Checks a new status file: only the holder of the lock writes it, and the last success of each kind is
 * a backup that was recorded, and never an earlier one than before.
 */
export function checkStatus(
  schedule: ScheduleRecord,
  run: RunRecord,
  text: string,
  before: string | undefined,
): void {
  const must = (isMet: boolean, failure: string) => schedule.expect(isMet, run, failure);
  must(schedule.holdsLock(run), 'the status file was written without the lock');
  const status = parseStatus(text);
  must(status !== undefined, `the status file cannot be read: ${text}`);
  if (status === undefined) return;
  run.statusWritten = status;
  const old = parseStatus(before ?? '');
  const order = schedule.recordedOn(run.host);
  for (const kind of ['FULL', 'DIFF'] as const) {
    const [was, is] = [old, status].map((one) => one?.lastSuccess[kind]?.backup);
    must(was === undefined || is !== undefined, `the last success ${was} was lost`);
    if (is === undefined) continue;
    must(is.startsWith(kind), `the last success of ${kind} is ${is}`);
    must(order.includes(is), `the last success ${is} was never recorded`);
    must(order.indexOf(is) >= order.indexOf(was ?? ''), `the last success went back to ${is}`);
  }
  if (old === undefined) return;
  const isSame = old.firstRunAt.getTime() === status.firstRunAt.getTime();
  must(isSame, 'the time of the first run changed');
  const command = commandOf(run);
  for (const [name, last] of Object.entries(old.lastRuns)) {
    const isKept = JSON.stringify(status.lastRuns[name]) === JSON.stringify(last);
    must(name === command || isKept, `${command} changed the last run of ${name}`);
  }
}

/** Checks the status file after a run that was not killed: it tells how the run ended. */
export function checkStatusAtEnd(schedule: ScheduleRecord, run: RunRecord, code: number): void {
  const must = (isMet: boolean, failure: string) => schedule.expect(isMet, run, failure);
  const status: Status | undefined = run.statusWritten;
  if (!run.gotLock) {
    must(status === undefined, 'a run that never got the lock wrote the status file');
    return;
  }
  if (run.diskFailed || run.statusRefused) return;
  const last = status?.lastRuns[commandOf(run)];
  must(last?.exitCode === code, `the status file says exit ${last?.exitCode}, but it was ${code}`);
  must((last?.error === undefined) === (code === exitCodes.done), `the error is ${last?.error}`);
  const isBackup = commandOf(run).startsWith('create-');
  // A create that was refused may be forgotten.
  const mayForget = last?.backup === undefined && !schedule.maybeDone.has(`create ${run.created}`);
  const isNamed = last?.backup === run.created || mayForget;
  must(!isBackup || isNamed, `the run created ${run.created}`);
  for (const name of run.recorded) {
    const kind = name.startsWith('FULL') ? 'FULL' : 'DIFF';
    const newest = run.recorded.findLast((one) => one.startsWith(kind));
    const success = status?.lastSuccess[kind]?.backup;
    must(success === newest, `${newest} was recorded, but the last success is ${success}`);
  }
  schedule.count('status of an ended run');
}

function commandOf({ step }: RunRecord): string {
  return step.command.split(' ')[0] ?? '';
}
