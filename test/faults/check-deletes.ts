import { parseBackupName } from '../../src/backup/names.js';
import { ageOf, findRemote, type ListEntry, completeChain } from './list-oracle.js';
import type { ScheduleRecord } from './schedule-record.js';
import type { RunRecord } from './run-record.js';
import { remoteStateOf } from './remote-state.js';

/** Checks that only the requested backups are deleted, and increments before their bases. */
export function checkDelete(
  schedule: ScheduleRecord,
  run: RunRecord,
  location: string,
  name: string,
): void {
  const must = (isMet: boolean, failure: string) => schedule.expect(isMet, run, failure);
  const { command } = run.step;
  must(command.startsWith(`delete-${location}`), `${name} was deleted at the wrong location`);
  const firstDelete = run.sent.findIndex(({ path }) => path.startsWith('/backup/delete/'));
  const listsBefore = firstDelete === -1 ? run.lists.length : run.listsBeforeCreate;
  if (firstDelete === -1) run.listsBeforeCreate = run.lists.length;
  const plans = run.lists.slice(0, listsBefore);
  const [shown, fresh] = [plans.at(-2), plans.at(-1)];
  const isIn = (entries: readonly ListEntry[] | undefined) =>
    entries?.some((entry) => entry.location === location && entry.name === name) === true;
  must(isIn(shown?.entries) && isIn(fresh?.entries), `${name} was not on the lists of both plans`);
  const entries = (fresh?.entries ?? []).filter((entry) => entry.location === location);
  const entry = entries.find((one) => one.name === name);
  if (entry === undefined) return;
  must(!entry.foreign, `${name} is not a backup, and no --name option named it`);

  if (/--(keep|older-than)/.test(command)) {
    must(
      ageOf(name) !== undefined && entry.ok,
      `${name} must not be deleted by --keep or --older-than`,
    );
    must(!isLastBackup(schedule, name), `${name} was deleted, but the last backup of a host`);
    must(!run.removedLastBackups, 'a last-backup file was removed');
  }
  const keep = Number(/--keep (\d+)/.exec(command)?.[1] ?? 0);
  if (keep > 0)
    must(
      !newest(entries, location, keep).includes(name),
      `${name} was deleted, but it is one of the newest`,
    );
  if (command.includes('--older-than 1h')) {
    const ageMs = (fresh?.wallMs ?? 0) - (parseBackupName(name)?.atMs ?? Infinity);
    must(ageMs > 3_600_000, `${name} was deleted, but it is not older than an hour`);
  }
  if (command.includes('--broken')) {
    const passedMs = (fresh?.atMs ?? 0) - (plans[0]?.atMs ?? 0);
    const always = plans.every((list) => isBroken(list.entries, name));
    must(
      always && passedMs >= 120_000,
      `${name} was deleted, but it was not broken for two minutes`,
    );
  }
  const shared =
    location === 'remote' ? sharedBackup(schedule, run, fresh?.entries ?? []) : undefined;
  must(
    shared === undefined || run.diskFailed,
    `${name} was deleted, but ${shared} on the same path is the last backup of another host`,
  );
  if (location === 'local') {
    const isUploaded = completeChain(findRemote(fresh?.entries ?? []), name) !== undefined;
    if (keep > 0) must(isUploaded, `${name} was deleted, but it is not on the remote storage`);
    return;
  }
  must(!isLastBackup(schedule, name), `a last-backup file still names ${name} while it is deleted`);
  checkDependents(schedule, run, entries, name);
}

/**
 * Checks a `--keep` that ended with exit code 0: foreign entries did not keep any backup. Only if
 * nothing else is unusual: every backup is complete, and all lists of the run are the same.
 */
export function checkKept(schedule: ScheduleRecord, run: RunRecord): void {
  const keep = Number(/^delete-remote --keep (\d+) --yes$/.exec(run.step.command)?.[1] ?? 0);
  const [shown, ...later] = run.lists.map((list) => list.entries);
  const fresh = later.at(-1) ?? shown;
  if (keep === 0 || shown === undefined || fresh === undefined) return;
  const backups = fresh.filter((entry) => !entry.foreign);
  const find = findRemote(backups);
  const isPlain = backups.every(({ name }) => completeChain(find, name) !== undefined);
  const isSame = later.every((entries) => JSON.stringify(entries) === JSON.stringify(shown));
  if (!isPlain || !isSame) return;
  const kept = backups
    .map(({ name }) => name)
    .filter((name) => ageOf(name) === undefined || run.lastBackupsRead.has(name))
    .concat(newest(fresh, 'remote', keep))
    .flatMap((name) => completeChain(find, name) ?? []);
  if (fresh.some((entry) => entry.foreign)) schedule.count('kept beside foreign entries');
  for (const { name } of backups) {
    const requested = run.sent.some(({ path }) => path === `/backup/delete/remote/${name}`);
    schedule.expect(requested || kept.includes(name), run, `${name} was kept without a reason`);
  }
}

/**
 * Returns a backup on the list that the run read as the last one of another host: then both hosts have one
 * path of the storage. Only names that the log directory gave count.
 */
export function sharedBackup(
  schedule: ScheduleRecord,
  { basesRead, lastBackupsRead }: RunRecord,
  entries: readonly ListEntry[],
): string | undefined {
  const given = (schedule.file('.given_names') ?? '').split('\n');
  return [...lastBackupsRead].find(
    (last) =>
      !basesRead.includes(last) &&
      given.some((line) => line.startsWith(`${last} `)) &&
      entries.some(({ location, name }) => location === 'remote' && name === last),
  );
}

/** Checks that the increments based on `name` are already deleted. */
function checkDependents(
  schedule: ScheduleRecord,
  run: RunRecord,
  entries: ListEntry[],
  name: string,
): void {
  const all = run.step.command.includes('--all');
  const remaining = remoteStateOf(run.host.simulator);
  if (!remaining.has(name)) return;
  const find = (one: string) => entries.find((entry) => entry.name === one);
  // An increment that another client uploads again after we deleted it was not on our lists.
  const isDeleted = (one: string) =>
    run.sent.some(
      ({ path, status, body = '' }) =>
        path === `/backup/delete/remote/${encodeURIComponent(one)}` &&
        (status === 200 || body.includes('is not found on')),
    );
  for (const entry of entries) {
    if (entry.name === name || !remaining.has(entry.name) || isDeleted(entry.name)) continue;
    const requested = entry.broken ? schedule.uploadsRequested.get(entry.name) : undefined;
    const needs =
      requested === undefined
        ? (completeChain(find, entry.name) ?? [])
        : all
          ? []
          : (completeChain(find, requested) ?? []);
    schedule.expect(!needs.includes(name), run, `${name} was deleted, but ${entry.name} needs it`);
  }
}

function isLastBackup(schedule: ScheduleRecord, name: string): boolean {
  return [...schedule.folder.files].some(
    ([file, text]) => file.endsWith('_last_backup') && text.trim() === name,
  );
}

function isBroken(entries: readonly ListEntry[] | undefined, name: string): boolean {
  return entries?.some((entry) => entry.name === name && entry.broken) === true;
}

/** Returns the newest complete backups whose names have the form of chbackup's. */
function newest(entries: readonly ListEntry[], location: string, count: number): string[] {
  const find = location === 'remote' ? findRemote(entries) : undefined;
  return entries
    .filter((entry) => entry.ok && ageOf(entry.name) !== undefined)
    .filter((entry) => find === undefined || completeChain(find, entry.name) !== undefined)
    .map((entry) => entry.name)
    .sort((a, b) => ((ageOf(a) ?? '') < (ageOf(b) ?? '') ? 1 : -1))
    .slice(0, count);
}
