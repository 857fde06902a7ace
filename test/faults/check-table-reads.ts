import { exitCodes } from '../../src/errors.js';
import { completeChain } from './list-oracle.js';
import { isComplete, remoteStateOf } from './remote-state.js';
import type { RunRecord } from './run-record.js';
import type { ScheduleRecord } from './schedule-record.js';
import { canTell, lastBadReads, mayMislead } from './table-reads.js';

/** Checks what a run said about backups after it had read their tables. */
export function checkTableReads(
  schedule: ScheduleRecord,
  run: RunRecord,
  { code, stderr }: { code: number; stderr: string },
): void {
  if (!canTell(run.host)) {
    const isSilent = !/is incomplete|but not in backup/.test(stderr);
    schedule.expect(isSilent, run, 'the run said that a backup is incomplete, but cannot know it');
    return;
  }
  for (const [, name = ''] of stderr.matchAll(/backup (\S+) is incomplete/g)) {
    const bad = lastBadReads(run, name);
    schedule.count(bad.some((read) => !read.wasComplete) ? 'found incomplete' : 'misled');
    schedule.expect(bad.length > 0, run, `${name} is called incomplete without a bad read`);
    schedule.expect(mayMislead(bad), run, `${name} is called incomplete, but it is complete`);
  }
  checkUploadVerdict(schedule, run, { code, stderr });
  if (code === exitCodes.done) checkLostTables(schedule, run, stderr);
}

/**
 * Checks that a complete upload whose tables were read did not fail: the run has succeeded, or the next
 * one finds out.
 */
function checkUploadVerdict(
  schedule: ScheduleRecord,
  run: RunRecord,
  { code, stderr }: { code: number; stderr: string },
): void {
  const { created = '' } = run;
  const reads = run.tableReads.filter(({ name }) => name === created);
  const state = remoteStateOf(run.host.simulator);
  const chain = completeChain((one) => state.get(one), created) ?? [];
  const isGood = chain.length > 0 && isComplete(state, created);
  if (reads.length === 0 || !isGood || !reads.every(({ wasComplete }) => wasComplete)) return;
  if (reads.some(({ outcome }) => outcome === 'bad')) schedule.count('complete uploads read badly');
  schedule.expect(
    !stderr.includes(`the upload of backup ${created} failed`),
    run,
    `the upload of ${created} is called failed, but it is complete`,
  );
  if (code !== exitCodes.failed || run.recorded.includes(created)) return;
  schedule.count('complete uploads left open');
  const isOpen = schedule.journal(run)?.['backup'] === created;
  schedule.expect(isOpen, run, `${created} is complete, but exit 1 without a journal`);
}

/** Checks that each table is named of which the base has parts and the new backup has none. */
function checkLostTables(schedule: ScheduleRecord, run: RunRecord, stderr: string): void {
  const { base = '', created = '' } = run;
  const readOf = (name: string) => run.tableReads.findLast((read) => read.name === name);
  const [old, made] = [readOf(base), readOf(created)];
  if (base === '' || old?.outcome !== 'complete' || made?.outcome !== 'complete') return;
  const warning = /tables? (\S+(?:, \S+)*) ha(?:s|ve) data in the base/.exec(stderr)?.[1] ?? '';
  const named = warning.split(', ');
  for (const [table, parts] of old.parts) {
    const isLost = parts > 0 && (made.parts.get(table) ?? 0) === 0;
    if (isLost) schedule.count('tables lost');
    schedule.expect(!isLost || named.includes(table), run, `${table} is lost, but not named`);
    schedule.expect(isLost || !named.includes(table), run, `${table} is named, but not lost`);
  }
}
