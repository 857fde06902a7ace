import { isUsableName } from '../../src/backup/names.js';
import { checkStatus } from './check-status.js';
import { findRemote, verifies } from './list-oracle.js';
import type { ScheduleRecord } from './schedule-record.js';
import type { FolderWatcher } from './memory-folder.js';
import type { RunRecord, SentRequest } from './run-record.js';
import { isComplete, isIncomplete, remoteStateOf } from './remote-state.js';
import { canTell, lastBadReads, mayMislead } from './table-reads.js';

/** Returns a watcher that checks what the programs do to their files. */
export function watchFiles(schedule: ScheduleRecord): FolderWatcher {
  return {
    wrote(owner, file, text, before) {
      schedule.count('effects');
      const run = schedule.run(owner);
      if (file.endsWith('_run.json')) checkJournal(schedule, run, text, before);
      if (file.endsWith('_status.json')) checkStatus(schedule, run, text, before);
      if (!file.endsWith('_last_backup')) return;
      schedule.expect(file === `.${run.host.name}_last_backup`, run, `the run wrote ${file}`);
      checkRecord(schedule, run, text, before);
      run.recorded.push(text);
      schedule.recordedOn(run.host).push(text);
    },
    removed(owner, file, before) {
      schedule.count('effects');
      const run = schedule.run(owner);
      if (file.endsWith('_run.json')) {
        checkJournalRemoval(schedule, run, before);
        if (run.created !== undefined) run.journalRemoved = true;
        // Another run may recover a killed one before this process has noticed that it was killed.
        const { backup } = readJournal(before);
        for (const other of schedule.runs.values()) {
          if (other.created === backup) other.journalRemoved = true;
        }
      }
      if (!file.endsWith('_last_backup')) return;
      const isDelete = run.step.command.startsWith('delete-remote');
      schedule.expect(isDelete, run, `the run removed ${file}`);
      run.removedLastBackups = true;
    },
    read(owner, file, text) {
      const run = schedule.run(owner);
      if (file === `.${run.host.name}_last_backup`) run.basesRead.push((text ?? '').trim());
      if (file.endsWith('_last_backup')) run.lastBackupsRead.add((text ?? '').trim());
    },
    failed(owner) {
      schedule.run(owner).diskFailed = true;
    },
    refused(owner) {
      schedule.count('status files refused');
      schedule.run(owner).statusRefused = true;
    },
    locked(owner, file) {
      const run = schedule.run(owner);
      if (file !== `.${run.host.name}_lock`) return;
      run.gotLock = true;
      // What it read before does not count any more.
      if (run.step.command.startsWith('create-')) run.basesRead = [];
    },
    lockRefused(owner) {
      schedule.count('locks refused');
      schedule.run(owner).lockRefused = true;
    },
  };
}

/** Checks a new journal: of another backup, or of the same one's next phase or full upload. */
function checkJournal(
  schedule: ScheduleRecord,
  run: RunRecord,
  text: string,
  before: string | undefined,
) {
  const { backup = '', phase } = readJournal(before);
  if (readJournal(text)['backup'] !== backup) return checkJournalRemoval(schedule, run, before);
  const isKnown = phase !== 'upload' || run.notStarted.has(backup);
  schedule.expect(
    isKnown,
    run,
    `the journal of ${backup} changed, but its upload may still be running`,
  );
}

/** Checks that a journal is removed only when the outcome of its upload is known. */
function checkJournalRemoval(
  schedule: ScheduleRecord,
  run: RunRecord,
  before: string | undefined,
): void {
  const must = (isMet: boolean, failure: string) => schedule.expect(isMet, run, failure);
  const { backup = '', phase, base = '', lastBackup } = readJournal(before);
  if (phase !== 'upload' || !run.step.command.startsWith('create-')) return;
  if (schedule.lastBackup(run) === backup) return;
  // The error shows that files are missing, so no list is needed.
  if (run.incomplete.has(backup) || run.endedIncomplete.has(backup)) return;
  const isUpload = ({ path }: SentRequest) => path.startsWith('/backup/upload/');
  const sinceMs = run.sent.findLast(isUpload)?.atMs ?? run.startMs;
  const list = run.lists.findLast(({ where, atMs }) => where !== 'local' && atMs >= sinceMs);
  // An upload that the server refused has not started, even if the request before the list fails.
  const isChecked = list !== undefined || run.notStarted.has(backup);
  must(isChecked, `the journal of ${backup} was removed without checking its upload`);
  const entries = list?.entries ?? [];
  // A full backup needs no base, so an empty list is sufficient.
  const mayBeEmpty =
    run.created === undefined &&
    (run.step.command.startsWith('create-full') || !isUsableName(run.basesRead.at(-1) ?? ''));
  const isEmpty = entries.every(({ location }) => location === 'local');
  const isKnown = mayBeEmpty || run.notStarted.has(backup);
  must(!isEmpty || isKnown, `the upload of backup ${backup} was judged by an empty list`);
  const isNewest = (schedule.lastBackup(run) ?? '') === lastBackup;
  const isVerified = verifies(findRemote(entries), backup, base);
  // The list shows an incomplete backup as good.
  const bad = lastBadReads(run, backup);
  const isIncompleteToo = bad.length > 0 && mayMislead(bad);
  must(!isVerified || !isNewest || isIncompleteToo, `${backup} is verified, but was not recorded`);
}

function readJournal(text: string | undefined): Partial<Record<string, string>> {
  try {
    return JSON.parse(text ?? '{}') as Record<string, string>;
  } catch {
    return {};
  }
}

/** Checks that a backup is verified when its name is written to the last-backup file. */
function checkRecord(schedule: ScheduleRecord, run: RunRecord, name: string, before = ''): void {
  const must = (isMet: boolean, failure: string) => schedule.expect(isMet, run, failure);
  must(
    run.step.command.startsWith('create-'),
    'a command other than create-full and create-diff recorded a backup',
  );
  must(schedule.holdsLock(run), 'a backup was recorded without the lock');
  must(schedule.journal(run)?.['backup'] === name, `${name} was recorded without its journal`);
  must(!run.incomplete.has(name), `${name} was recorded, but its own files are incomplete`);
  if (name !== run.created) {
    const named = isUsableName(before.trim()) ? before.trim() : '';
    must(
      named === schedule.journal(run)?.['lastBackup'],
      `${name} was recorded over a newer ${named}`,
    );
  }
  const requestedBase = schedule.uploadsRequested.get(name);
  must(requestedBase !== undefined, `${name} was recorded, but never uploaded`);
  const list = run.lists.findLast(({ where }) => where !== 'local');
  must(
    list !== undefined && verifies(findRemote(list.entries), name, requestedBase ?? ''),
    `${name} was recorded, but the list does not verify it`,
  );
  // The storage may change while a list is being made, so any state around it counts.
  const now = remoteStateOf(run.host.simulator);
  const remoteStates = [...(list?.remoteStates ?? []), now];
  const isOnStorage = remoteStates.some((remoteState) =>
    verifies((one) => remoteState.get(one), name, requestedBase ?? ''),
  );
  must(isOnStorage, `${name} was recorded, but it is not on the remote storage with its base`);
  if (canTell(run.host)) {
    const isRead = run.tableReads.some((read) => read.name === name);
    must(isRead, `${name} was recorded without reading its tables`);
    const last = run.tableReads.findLast((read) => read.name === name);
    must(last?.outcome !== 'bad', `${name} was recorded, but its last read was bad`);
  }
  schedule.count(requestedBase === '' ? 'recorded fulls' : 'recorded increments');
  if (name !== run.created) schedule.count('recorded later');
  if (isIncomplete(now, name)) schedule.count('recorded incomplete ones');
  else if (isComplete(now, name)) checkRows(schedule, run, name);
}

/**
 * Checks that the uploaded rows are those of the backup, and not older ones
 * (clickhouse-backup-api.md#remote-bases).
 */
function checkRows(schedule: ScheduleRecord, run: RunRecord, name: string): void {
  const local = run.host.simulator.local.get(name)?.tables;
  const remote = run.host.simulator.remote.get(name)?.tables;
  if (local === undefined || remote === undefined) return;
  for (const [table, rows] of local) {
    schedule.expect(
      remote.get(table) === rows,
      run,
      `${name} contains other rows of ${table} remotely than locally`,
    );
  }
}
