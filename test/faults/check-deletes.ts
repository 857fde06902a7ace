import { parseBackupName } from '../../src/backup/names.js';
import { ageOf, findRemote, type Row, wholeChain } from './list-oracle.js';
import type { Ledger } from './ledger.js';
import type { RunRecord } from './run-record.js';
import { truthOf } from './truth.js';

/** Nothing is deleted but what was asked for, in an order that leaves no orphan. */
export function checkDelete(ledger: Ledger, run: RunRecord, location: string, name: string): void {
  const must = (holds: boolean, promise: string) => ledger.expect(holds, run, promise);
  const { command } = run.step;
  must(command.startsWith(`delete-${location}`), `${name} was deleted at the wrong place`);
  const firstDelete = run.sent.findIndex(({ path }) => path.startsWith('/backup/delete/'));
  const listsBefore = firstDelete === -1 ? run.lists.length : run.listsBeforeCreate;
  if (firstDelete === -1) run.listsBeforeCreate = run.lists.length;
  const plans = run.lists.slice(0, listsBefore);
  const [shown, fresh] = [plans.at(-2), plans.at(-1)];
  const isIn = (rows: readonly Row[] | undefined) =>
    rows?.some((row) => row.location === location && row.name === name) === true;
  must(isIn(shown?.rows) && isIn(fresh?.rows), `${name} was not in both plans`);
  const rows = (fresh?.rows ?? []).filter((row) => row.location === location);
  const row = rows.find((one) => one.name === name);
  if (row === undefined) return;
  must(!row.foreign, `${name} is not a backup, and nobody named it`);

  if (/--(keep|older-than)/.test(command)) {
    must(ageOf(name) !== undefined && row.sound, `${name} is not for --keep or --older-than`);
    must(!isLastBackup(ledger, name), `${name} is named by a last-backup file`);
    must(!run.removedLastBackups, 'a last-backup file was removed');
  }
  const keep = Number(/--keep (\d+)/.exec(command)?.[1] ?? 0);
  if (keep > 0) must(!newest(rows, location, keep).includes(name), `${name} is one of the newest`);
  if (command.includes('--older-than 1h')) {
    const ageMs = (fresh?.wallMs ?? 0) - (parseBackupName(name)?.atMs ?? Infinity);
    must(ageMs > 3_600_000, `${name} is younger than an hour`);
  }
  if (command.includes('--broken')) {
    const passedMs = (fresh?.atMs ?? 0) - (plans[0]?.atMs ?? 0);
    const always = plans.every((list) => isBroken(list.rows, name));
    must(always && passedMs >= 120_000, `${name} was not broken for two minutes`);
  }
  if (location === 'local') {
    const whole = wholeChain(findRemote(fresh?.rows ?? []), name) !== undefined;
    if (keep > 0) must(whole, `${name} is not on the remote storage yet`);
    return;
  }
  must(!isLastBackup(ledger, name), `a last-backup file still names ${name} while it is deleted`);
  checkDependents(ledger, run, rows, name);
}

/**
 * Exit 0 of `--keep`: foreign entries held nothing back. Looked at only where nothing else is
 * unusual: every backup is whole, and all its lists are the same.
 */
export function checkKept(ledger: Ledger, run: RunRecord): void {
  const keep = Number(/^delete-remote --keep (\d+) --yes$/.exec(run.step.command)?.[1] ?? 0);
  const [shown, ...later] = run.lists.map((list) => list.rows);
  const fresh = later.at(-1) ?? shown;
  if (keep === 0 || shown === undefined || fresh === undefined) return;
  const backups = fresh.filter((row) => !row.foreign);
  const find = findRemote(backups);
  const isPlain = backups.every(({ name }) => wholeChain(find, name) !== undefined);
  const isSame = later.every((rows) => JSON.stringify(rows) === JSON.stringify(shown));
  if (!isPlain || !isSame) return;
  const kept = backups
    .map(({ name }) => name)
    .filter((name) => ageOf(name) === undefined || run.lastBackupsRead.has(name))
    .concat(newest(fresh, 'remote', keep))
    .flatMap((name) => wholeChain(find, name) ?? []);
  if (fresh.some((row) => row.foreign)) ledger.count('kept beside foreign entries');
  for (const { name } of backups) {
    const asked = run.sent.some(({ path }) => path === `/backup/delete/remote/${name}`);
    ledger.expect(asked || kept.includes(name), run, `${name} was kept without a reason`);
  }
}

/** Whoever stands on it is gone already. */
function checkDependents(ledger: Ledger, run: RunRecord, rows: Row[], name: string): void {
  const all = run.step.command.includes('--all');
  const left = truthOf(run.host.simulator);
  if (!left.has(name)) return;
  const find = (one: string) => rows.find((row) => row.name === one);
  // One that another client uploads anew once we have deleted it was not there when we looked.
  const isDeleted = (one: string) =>
    run.sent.some(
      ({ path, status, body = '' }) =>
        path === `/backup/delete/remote/${encodeURIComponent(one)}` &&
        (status === 200 || body.includes('is not found on')),
    );
  for (const row of rows) {
    if (row.name === name || !left.has(row.name) || isDeleted(row.name)) continue;
    const asked = row.broken ? ledger.uploadsAsked.get(row.name) : undefined;
    const needs =
      asked === undefined
        ? (wholeChain(find, row.name) ?? [])
        : all
          ? []
          : (wholeChain(find, asked) ?? []);
    ledger.expect(!needs.includes(name), run, `${name} was deleted though ${row.name} needs it`);
  }
}

function isLastBackup(ledger: Ledger, name: string): boolean {
  return [...ledger.folder.files].some(
    ([file, text]) => file.endsWith('_last_backup') && text.trim() === name,
  );
}

function isBroken(rows: readonly Row[] | undefined, name: string): boolean {
  return rows?.some((row) => row.name === name && row.broken) === true;
}

/** The newest whole backups of our own names. */
function newest(rows: readonly Row[], location: string, count: number): string[] {
  const find = location === 'remote' ? findRemote(rows) : undefined;
  return rows
    .filter((row) => row.sound && ageOf(row.name) !== undefined)
    .filter((row) => find === undefined || wholeChain(find, row.name) !== undefined)
    .map((row) => row.name)
    .sort((a, b) => ((ageOf(a) ?? '') < (ageOf(b) ?? '') ? 1 : -1))
    .slice(0, count);
}
