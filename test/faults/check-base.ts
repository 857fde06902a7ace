import { isUsableName } from '../../src/backup/names.js';
import { ageOf, completeChain, findRemote, type ListEntry } from './list-oracle.js';
import type { RunRecord, SeenList } from './run-record.js';
import type { ScheduleRecord } from './schedule-record.js';
import { canTell, lastBadReads, mayMislead } from './table-reads.js';

const minute = 60_000;

/** Returns the chains that the run may use for its base, each from the last backup to its full. */
function chainsFor(run: RunRecord, entries: readonly ListEntry[]): string[][] {
  const find = findRemote(entries);
  const named = run.basesRead.filter(isUsableName);
  const mayFind = named.length === 0 && run.step.command.includes('--find-base');
  const found = entries
    .filter(({ location, name }) => location === 'remote' && ageOf(name) !== undefined)
    .map(({ name }) => name);
  const lasts = mayFind && canTell(run.host) ? found : named;
  return lasts.flatMap((last) => {
    const chain = completeChain(find, last);
    return chain === undefined ? [] : [chain];
  });
}

/** Returns the backups that the run may use as a base. */
export function basesFor(run: RunRecord, entries: readonly ListEntry[]): string[] {
  const mustBeFull = run.step.command.includes('--base full');
  return chainsFor(run, entries).flatMap((chain) => {
    const ends = mustBeFull ? chain.slice(-1) : chain.slice(0, 1);
    // Earlier versions need the local copy, so the last backup may have to do.
    return mustBeFull && !canTell(run.host) ? [...ends, ...chain.slice(0, 1)] : ends;
  });
}

/** Checks the base of an upload: the right one, verified before the create, and complete. */
export function checkBase(schedule: ScheduleRecord, run: RunRecord, base: string): void {
  const must = (isMet: boolean, failure: string) => schedule.expect(isMet, run, failure);
  const lists = run.lists.slice(0, run.listsBeforeCreate);
  const list = lists.findLast(({ where }) => where === 'all');
  const entries = list?.entries ?? [];
  const chain = completeChain(findRemote(entries), base);
  must(chain !== undefined, `the base ${base} was not verified before the create`);
  must(basesFor(run, entries).includes(base), `${base} is not the base that the command requests`);
  const chains = chainsFor(run, entries);
  const mustBeFull = run.step.command.includes('--base full');
  if (mustBeFull && chain !== undefined && chain.length > 1) {
    const root = chain.at(-1);
    const isLocal = run.lists
      .at(-1)
      ?.entries.some(({ location, name, ok }) => location === 'local' && name === root && ok);
    must(isLocal === false, `${base} is not a full backup, but ${root} is on the server`);
  }
  const most = Number(/--max-chain (\d+)/.exec(run.step.command)?.[1] ?? Infinity);
  const increments = chain?.length ?? 0;
  must(increments <= most, `the chain of the new backup has ${increments} increments`);
  if (mustBeFull) schedule.count('increments on a full backup');
  if (most < Infinity) schedule.count('increments in a short chain');
  const isFound = !run.basesRead.some(isUsableName);
  if (isFound) {
    schedule.count('bases found');
    must(run.step.command.includes('--find-base'), `${base} was found, but nobody asked for that`);
    must(canTell(run.host), `${base} was found on a server that does not show incomplete backups`);
    const last = chains.filter((one) => one.includes(base)).map(([name]) => name);
    must(last.length > 0, `the base ${base} has no name of chbackup`);
    checkSkipped(schedule, run, entries, base);
  }
  if (list !== undefined && canTell(run.host)) {
    checkIsComplete(schedule, run, { list, chain: chain ?? [], isFound });
  }
}

/**
 * Checks that no needed backup was incomplete all the time from the list to the create. Lists do not
 * show an incomplete backup in the middle of the chain, unless it is out of order.
 */
function checkIsComplete(
  schedule: ScheduleRecord,
  run: RunRecord,
  { list, chain, isFound }: { list: SeenList; chain: string[]; isFound: boolean },
): void {
  const reads = run.tableReads.filter(({ atMs }) => atMs <= (run.createMs ?? Infinity));
  const tookMs = (run.createMs ?? Infinity) - list.atMs;
  const isUnknown =
    reads.some(({ outcome }) => outcome === 'none' || outcome === 'unclear') ||
    tookMs >= 10 * minute;
  const isCorrupted = run.step.troubles.some(({ what }) => what.kind === 'garbage');
  const states = [...list.remoteStates, run.stateAtCreate];
  const outOfOrder = listedOutOfOrder(list.entries);
  for (const [at, name] of chain.entries()) {
    if (at > 0 && at < chain.length - 1 && !outOfOrder.has(name)) continue;
    const isIncomplete = states.every((state) => state?.get(name)?.incomplete === true);
    if (isIncomplete) schedule.count('incomplete bases that could not be checked');
    schedule.expect(
      !isIncomplete || (!isFound && isUnknown) || isCorrupted,
      run,
      `the increment needs ${name}, which is incomplete`,
    );
    const read = reads.findLast((one) => one.name === name);
    schedule.expect(read?.outcome !== 'bad', run, `${name} was used, but its last read was bad`);
    schedule.expect(!isFound || read?.outcome === 'complete', run, `${name} was not read`);
  }
}

/** Checks that a newer backup than the one found was only skipped if it is incomplete. */
function checkSkipped(
  schedule: ScheduleRecord,
  run: RunRecord,
  entries: readonly ListEntry[],
  base: string,
): void {
  for (const { name } of run.tableReads) {
    const bad = lastBadReads(run, name);
    if ((ageOf(name) ?? '') <= (ageOf(base) ?? '') || bad.length === 0) continue;
    if (!entries.some((entry) => entry.name === name)) continue;
    schedule.count('newer backups skipped');
    const isRight = mayMislead(bad);
    schedule.expect(isRight, run, `${base} was found, but ${name} is newer and complete`);
  }
}

/** Returns the backups listed after an increment that needs them. */
function listedOutOfOrder(entries: readonly ListEntry[]): Set<string> {
  const remote = entries.filter(({ location }) => location === 'remote');
  const find = findRemote(entries);
  const place = new Map(remote.map(({ name }, at) => [name, at]));
  const found = new Set<string>();
  for (const { name } of remote) {
    for (const needed of completeChain(find, name) ?? []) {
      if ((place.get(needed) ?? 0) > (place.get(name) ?? 0)) found.add(needed);
    }
  }
  return found;
}
