import { isUsableName } from '../../src/backup/names.js';
import { findRemote, proves } from './list-oracle.js';
import type { Ledger } from './ledger.js';
import type { FolderWatcher } from './memory-folder.js';
import type { RunRecord, SentRequest } from './run-record.js';
import { isHollow, truthOf } from './truth.js';

/** Watches what the programs do to their files. */
export function watchFiles(ledger: Ledger): FolderWatcher {
  return {
    wrote(owner, file, text, before) {
      ledger.count('effects');
      const run = ledger.run(owner);
      if (file.endsWith('_run.json')) checkJournal(ledger, run, text, before);
      if (!file.endsWith('_last_backup')) return;
      ledger.expect(file === `.${run.host.name}_last_backup`, run, `it wrote ${file}`);
      checkRecord(ledger, run, text, before);
      run.recorded.push(text);
    },
    removed(owner, file, before) {
      ledger.count('effects');
      const run = ledger.run(owner);
      if (file.endsWith('_run.json')) {
        checkSettled(ledger, run, before);
        if (run.created !== undefined) run.journalRemoved = true;
        // Another run may recover a killed one before this process has noticed that it is dead.
        const { backup } = readJournal(before);
        for (const other of ledger.runs.values()) {
          if (other.created === backup) other.journalRemoved = true;
        }
      }
      if (!file.endsWith('_last_backup')) return;
      const isDelete = run.step.command.startsWith('delete-remote');
      ledger.expect(isDelete, run, `it removed ${file}`);
      run.removedLastBackups = true;
    },
    read(owner, file, text) {
      const run = ledger.run(owner);
      if (file === `.${run.host.name}_last_backup`) run.basesRead.push((text ?? '').trim());
      if (file.endsWith('_last_backup')) run.lastBackupsRead.add((text ?? '').trim());
    },
    failed(owner) {
      ledger.run(owner).diskFailed = true;
    },
    lockRefused(owner) {
      ledger.count('locks refused');
      ledger.run(owner).lockRefused = true;
    },
  };
}

/** A new journal: of another backup, or of the same one's next phase, or its upload in full. */
function checkJournal(ledger: Ledger, run: RunRecord, text: string, before: string | undefined) {
  const { backup = '', phase } = readJournal(before);
  if (readJournal(text)['backup'] !== backup) return checkSettled(ledger, run, before);
  const isKnown = phase !== 'upload' || run.notStarted.has(backup);
  ledger.expect(isKnown, run, `the journal of ${backup} changed while its upload may go on`);
}

/** A journal goes only when it is known how its upload ended. */
function checkSettled(ledger: Ledger, run: RunRecord, before: string | undefined): void {
  const must = (holds: boolean, promise: string) => ledger.expect(holds, run, promise);
  const { backup = '', phase, base = '', lastBackup } = readJournal(before);
  if (phase !== 'upload' || !run.step.command.startsWith('create-')) return;
  if (ledger.lastBackup(run) === backup || run.incomplete.has(backup)) return;
  const isUpload = ({ path }: SentRequest) => path.startsWith('/backup/upload/');
  const sinceMs = run.sent.findLast(isUpload)?.atMs ?? run.startMs;
  const list = run.lists.findLast(({ where, atMs }) => where !== 'local' && atMs >= sinceMs);
  // An upload that the server refused has not started, even if the request before the list fails.
  const isLooked = list !== undefined || run.notStarted.has(backup);
  must(isLooked, `nobody looked how the upload of ${backup} ended`);
  const rows = list?.rows ?? [];
  // A full needs no base: for it an empty list is enough.
  const mayBeEmpty =
    run.created === undefined &&
    (run.step.command === 'create-full' || !isUsableName(run.basesRead.at(-1) ?? ''));
  const isEmpty = rows.every(({ location }) => location === 'local');
  const isKnown = mayBeEmpty || run.notStarted.has(backup);
  must(!isEmpty || isKnown, `an empty list told how the upload of ${backup} ended`);
  const isNewest = (ledger.lastBackup(run) ?? '') === lastBackup;
  const isProven = proves(findRemote(rows), backup, base);
  must(!isProven || !isNewest, `${backup} is proven, but was not recorded`);
}

function readJournal(text: string | undefined): Partial<Record<string, string>> {
  try {
    return JSON.parse(text ?? '{}') as Record<string, string>;
  } catch {
    return {};
  }
}

/** The last-backup file names only what is proven at that moment. */
function checkRecord(ledger: Ledger, run: RunRecord, name: string, before = ''): void {
  const must = (holds: boolean, promise: string) => ledger.expect(holds, run, promise);
  must(run.step.command.startsWith('create-'), 'only create-full and create-diff record');
  must(ledger.holdsLock(run), 'recorded without the lock');
  must(ledger.journal(run)?.['backup'] === name, `${name} was recorded without its journal`);
  must(!run.incomplete.has(name), `${name} was recorded though its own files are incomplete`);
  if (name !== run.created) {
    const named = isUsableName(before.trim()) ? before.trim() : '';
    must(
      named === ledger.journal(run)?.['lastBackup'],
      `${name} was recorded over a newer ${named}`,
    );
  }
  const asked = ledger.uploadsAsked.get(name);
  must(asked !== undefined, `${name} was recorded though nobody uploaded it`);
  const list = run.lists.findLast(({ where }) => where !== 'local');
  must(
    list !== undefined && proves(findRemote(list.rows), name, asked ?? ''),
    `${name} was recorded though the list does not prove it`,
  );
  // What a list tells may be true no more when its answer comes, or not yet when it is asked for.
  const now = truthOf(run.host.simulator);
  const truths = [...(list?.truths ?? []), now];
  const holds = truths.some((truth) => proves((one) => truth.get(one), name, asked ?? ''));
  must(holds, `${name} was recorded though it is not on the remote storage as asked`);
  ledger.count(asked === '' ? 'recorded fulls' : 'recorded increments');
  if (name !== run.created) ledger.count('recorded later');
  if (isHollow(now, name)) ledger.count('recorded hollow ones');
  else checkRows(ledger, run, name);
}

/** The rows of the tables are those of the backup, and not older ones (contract §5). */
function checkRows(ledger: Ledger, run: RunRecord, name: string): void {
  const local = run.host.simulator.local.get(name)?.tables;
  const remote = run.host.simulator.remote.get(name)?.tables;
  if (local === undefined || remote === undefined) return;
  for (const [table, rows] of local) {
    ledger.expect(remote.get(table) === rows, run, `${name} holds other rows of ${table}`);
  }
}
