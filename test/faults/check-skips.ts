import { isUsableName } from '../../src/backup/names.js';
import { parseDurationMs } from '../../src/config/duration.js';
import { ageOf, completeChain, findRemote, type ListEntry } from './list-oracle.js';
import type { RunRecord } from './run-record.js';
import type { ScheduleRecord } from './schedule-record.js';
import { canTell } from './table-reads.js';

const isFull = ({ step }: RunRecord) => step.command.startsWith('create-full');

/** Returns the backup because of which a run made none. */
export function skippedFor(stderr: string): string | undefined {
  return / backup (\S+) is .* old, and --if-older-than is .*; nothing to do\n$/.exec(stderr)?.[1];
}

/**
 * Checks a run that made no backup: the last-backup file names one that is young enough and was recorded,
 * or without that file the remote list shows one that is complete. The run changed nothing, except that
 * it may have recovered an interrupted run.
 */
export function checkSkip(
  schedule: ScheduleRecord,
  run: RunRecord,
  { name, wallMs }: { name: string; wallMs: number },
): void {
  const must = (isMet: boolean, failure: string) => schedule.expect(isMet, run, failure);
  const posted = run.sent.some(({ method }) => method === 'POST');
  must(!posted && run.created === undefined, 'a run that was skipped sent a POST');
  const limitMs = limitOf(run);
  must(limitMs !== undefined, 'a run was skipped, but nobody asked for that');
  if (!run.gotLock) must(run.effects.length === 0, `a skipped run did ${run.effects.join()}`);
  const last = run.basesRead.at(-1) ?? '';
  must(
    run.recorded.length === 0 || run.recorded.join() === last,
    'a skipped run recorded a backup',
  );
  const isNamed = isUsableName(last);
  schedule.count(
    isNamed ? `skipped ${run.gotLock ? 'under' : 'without'} the lock` : 'skipped by list',
  );
  if (!isNamed) return checkListed(schedule, run, name);
  must(schedule.lastBackup(run) === last, `the last-backup file no longer names ${last}`);
  must(schedule.recordedOn(run.host).includes(last), `${last} was never recorded`);
  const counts = isFull(run) ? requestedChain(schedule, last).includes(name) : name === last;
  must(counts, `${name} is not what ${run.step.command} has to look at`);
  const required = run.host.simulator.remote.get(name)?.required ?? '';
  must(!isFull(run) || required === '', `${name} is an increment on ${required}`);
  must(isYoung(run, name, wallMs), `${name} is not young`);
}

/** Checks a backup that counts without a last-backup file: the newest one, complete and young. */
function checkListed(schedule: ScheduleRecord, run: RunRecord, name: string): void {
  const must = (isMet: boolean, failure: string) => schedule.expect(isMet, run, failure);
  must(run.gotLock, 'a list decided without the lock');
  must(canTell(run.host), 'a server decided that does not show incomplete backups');
  const list = run.lists.findLast(({ where }) => where === 'remote');
  const entries = list?.entries ?? [];
  const newest = newestOf(entries, isFull(run));
  must(name === newest, `${name} counts, but ${newest} is the newest backup`);
  must(isYoung(run, name, list?.wallMs ?? 0), `${name} is not young`);
  const chain = completeChain(findRemote(entries), name) ?? [];
  for (const one of [chain[0], chain.at(-1)]) {
    const outcome = run.tableReads.findLast((read) => read.name === one)?.outcome;
    must(outcome === 'complete', `${one} counts, but its last read is ${outcome}`);
  }
}

function newestOf(entries: readonly ListEntry[], mustBeFull: boolean): string | undefined {
  const find = findRemote(entries);
  return entries
    .filter(({ location, required }) => location === 'remote' && !(mustBeFull && required !== ''))
    .map(({ name }) => name)
    .filter((name) => ageOf(name) !== undefined && completeChain(find, name) !== undefined)
    .toSorted((one, other) => ((ageOf(one) ?? '') < (ageOf(other) ?? '') ? 1 : -1))[0];
}

/** Checks that a DIFF was not made if the last backup was young all the time. */
export function checkNotSkipped(schedule: ScheduleRecord, run: RunRecord): void {
  const last = run.basesRead[0] ?? '';
  if (limitOf(run) === undefined || isFull(run) || !isUsableName(last)) return;
  const { startWallMs, createWallMs = startWallMs } = run;
  const isSame = run.basesRead.every((read) => read === last);
  const isYoungThroughout = isYoung(run, last, startWallMs) && isYoung(run, last, createWallMs);
  schedule.count('made, although --if-older-than was given');
  schedule.expect(!isSame || !isYoungThroughout, run, `${last} is young, but a backup was made`);
}

/** The names from a backup to its full, as the uploads were requested. */
function requestedChain({ uploadsRequested }: ScheduleRecord, name: string): string[] {
  const chain: string[] = [];
  for (let at = name; at !== '' && !chain.includes(at); at = uploadsRequested.get(at) ?? '') {
    chain.push(at);
  }
  return chain;
}

function limitOf({ step }: RunRecord): number | undefined {
  const text = /--if-older-than (\S+)/.exec(step.command)?.[1];
  return text === undefined ? undefined : parseDurationMs(text);
}

function isYoung(run: RunRecord, name: string, wallMs: number): boolean {
  const [, day, time] = /_(\d{4}-\d\d-\d\d)_(\d\d-\d\d-\d\d)(?:_\d+)?$/.exec(name) ?? [];
  const ageMs = wallMs - Date.parse(`${day}T${time?.replaceAll('-', ':')}`);
  return ageMs >= 0 && ageMs <= (limitOf(run) ?? -1);
}
