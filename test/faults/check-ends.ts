import { exitCodes } from '../../src/errors.js';
import { checkKept, sharedBackup } from './check-deletes.js';
import { checkHung } from './check-hung.js';
import { checkStatusAtEnd } from './check-status.js';
import { checkNotSkipped, checkSkip, skippedFor } from './check-skips.js';
import { checkTableReads } from './check-table-reads.js';
import { checkTimes } from './check-times.js';
import type { ScheduleRecord } from './schedule-record.js';
import type { RunRecord, SentRequest } from './run-record.js';
import { tellsSecret } from './secret.js';

const documented = new Set<number>(Object.values(exitCodes));
const maxLists = 40;

export interface Ending {
  code: number;
  stdout: string;
  stderr: string;
  titles: string[];
  endMs: number;
  /** The end by the programs' clock. */
  wallMs: number;
}

/** Checks what must be true once a program has ended, whether it exited or was killed. */
export function checkEnd(schedule: ScheduleRecord, run: RunRecord, ending: Ending): void {
  const must = (isMet: boolean, failure: string) => schedule.expect(isMet, run, failure);
  const { code, stdout, stderr, titles } = ending;
  const { step } = run;
  schedule.count('runs');
  schedule.count(run.killed ? 'killed' : `exit ${code}`);
  must(
    !tellsSecret(stdout + stderr + titles.join('\n')),
    'the output or a process title contains the secret',
  );
  for (const [file, text] of schedule.folder.files) {
    must(!tellsSecret(text), `${file} contains the secret`);
  }
  if (run.created !== undefined && isOutcomeUnknown(schedule, run, code)) {
    must(
      schedule.journal(run)?.['backup'] === run.created,
      `the outcome of ${run.created} is unknown, but it has no journal`,
    );
  }
  if (run.killed) return;
  must(
    ![...schedule.folder.locks.values()].some(({ owner }) => owner === run.id),
    'a lock was not released',
  );
  must(documented.has(code), `the exit code ${code} is not documented`);
  must(!/unexpected:|^\s+at .*:\d+:\d+/m.test(stderr), `unexpected: ${stderr.slice(-300)}`);
  must(code === 0 || stderr.includes('::::[ERROR]'), `exit ${code} without an error message`);
  checkTimes(schedule, run, ending);
  checkStatusAtEnd(schedule, run, code);
  checkHung(schedule, run, ending);
  checkTableReads(schedule, run, ending);
  must(run.lists.length <= maxLists, `the run requested ${run.lists.length} lists`);
  must(code !== exitCodes.terminated || run.signalledMs !== undefined, 'exit 143 without a signal');
  must(
    code !== exitCodes.unauthorized || step.password === 'wrong',
    'exit 12 with the right password',
  );
  const isShared = run.lists.some(({ entries }) => sharedBackup(schedule, run, entries));
  if (code === exitCodes.usage && isShared) schedule.count('refused for a shared path');
  must(
    code !== exitCodes.usage ||
      run.diskFailed ||
      (step.command.startsWith('delete-remote') && isShared),
    'exit 2 with a valid command line',
  );
  if (run.lockRefused) {
    must(code !== exitCodes.busy, 'exit 11, but locks were refused');
    must(run.created === undefined, `${run.created} was created, but locks were refused`);
  }
  const refused = run.sent.some(({ status }) => status === 401);
  must(
    !refused || code === exitCodes.unauthorized || run.signalledMs !== undefined,
    `the server answered 401, but exit ${code}`,
  );
  if (step.command.startsWith('create-')) checkCreateEnd(schedule, run, ending);
  if (code === exitCodes.done && step.command.startsWith('restore-')) checkRestored(schedule, run);
  if (code === exitCodes.done && step.command.startsWith('delete-')) checkDeleted(schedule, run);
  if (step.command === 'list' || step.command.includes('--dry-run')) {
    const wrote = run.effects.filter((effect) => !/^(GET|POST) /.test(effect));
    must(wrote.length === 0, `a read-only command did ${wrote.join()}`);
  }
}

/** Checks exit code 0: a restore was requested, and the last log entry of one is a success. */
function checkRestored(schedule: ScheduleRecord, run: RunRecord): void {
  const restores = run.sent.filter(({ path }) => path.startsWith('/backup/restore/'));
  schedule.expect(restores.length > 0, run, 'exit 0, but nothing was restored');
  const polled = run.sent.findLast(({ path }) => /^\/backup\/actions\?filter=(?!in%20)/.test(path));
  const entries = (polled?.body ?? '').split('\n').filter((line) => line.includes('"restore '));
  const succeeded = entries.at(-1)?.includes('"success"') === true;
  schedule.expect(succeeded, run, 'exit 0, but the restore did not succeed');
}

/** Checks exit code 0: no delete was refused, and every copy that was to be deleted is missing. */
function checkDeleted(schedule: ScheduleRecord, run: RunRecord): void {
  const kept = run.sent.find((one) => one.path.startsWith('/backup/delete/') && isRefusal(one));
  schedule.expect(kept === undefined, run, `exit 0, but ${kept?.path} was refused`);
  const { local, remote } = run.host.simulator;
  const left = [...local.values(), ...remote.values()].find((copy) => run.deleting.includes(copy));
  schedule.expect(left === undefined, run, `exit 0, but ${left?.name} is still there`);
  if (run.step.command === 'delete-remote --all --yes') checkAllDeleted(schedule, run);
  checkKept(schedule, run);
}

/** True if the server itself refused, for another reason than being busy or a missing backup. */
function isRefusal({ status = 0, body = '' }: SentRequest): boolean {
  if (status < 400 || status === 423 || !body.includes('"error":')) return false;
  return !/another operation is currently running|is not found on/.test(body);
}

/** Checks exit code 0: every backup in both plans was deleted. */
function checkAllDeleted(schedule: ScheduleRecord, run: RunRecord): void {
  const [shown, fresh] = [run.lists[0], run.lists[1]];
  const names = (fresh?.entries ?? []).filter((entry) => !entry.foreign).map(({ name }) => name);
  // A backup that was created or completed after the first list is kept, and so is its base.
  const planned = shown?.entries.filter((entry) => !entry.foreign).map(({ name }) => name);
  if (!names.every((name) => planned?.includes(name))) return;
  const requested = new Set(run.sent.map(({ method, path }) => `${method} ${path}`));
  for (const name of names) {
    const isRequested = requested.has(`POST /backup/delete/remote/${encodeURIComponent(name)}`);
    schedule.expect(isRequested, run, `exit 0, but ${name} was not deleted`);
  }
}

/**
 * Checks that a backup is recorded exactly if the exit code is 0. Exceptions: a signal came, or a
 * file could not be written.
 */
function checkCreateEnd(schedule: ScheduleRecord, run: RunRecord, ending: Ending): void {
  const { code, stderr, wallMs } = ending;
  const must = (isMet: boolean, failure: string) => schedule.expect(isMet, run, failure);
  const recorded = run.created !== undefined && run.recorded.includes(run.created);
  const name = skippedFor(stderr);
  if (run.created !== undefined) checkNotSkipped(schedule, run);
  if (code === exitCodes.done && name !== undefined) {
    checkSkip(schedule, run, { name, wallMs });
  } else if (code === exitCodes.done) {
    must(
      recorded && schedule.lastBackup(run) === run.created,
      'exit 0, but the backup is not recorded',
    );
    must(
      schedule.file(`.${run.host.name}_run.json`) === undefined,
      'exit 0, but the journal was not removed',
    );
  } else if (recorded) {
    const isExpected =
      code === exitCodes.terminated ? run.signalledMs !== undefined : run.diskFailed;
    must(isExpected, `${run.created} is recorded, but exit ${code}`);
  }
  const never: number[] = [exitCodes.partial, exitCodes.notFound];
  must(!never.includes(code), `a create ended with exit ${code}`);
}

/** True if the outcome may be unknown: only then does the next run find out, from the journal. */
function isOutcomeUnknown(schedule: ScheduleRecord, run: RunRecord, code: number): boolean {
  const name = run.created ?? '';
  if (run.recorded.includes(name) || !schedule.maybeDone.has(`create ${name}`)) return false;
  const open: number[] = [
    exitCodes.busy,
    exitCodes.unreachable,
    exitCodes.timedOut,
    exitCodes.terminated,
  ];
  return run.killed ? !run.journalRemoved : open.includes(code);
}
