import { parseBackupName } from '../../backup/names.js';
import { sumUploaded } from '../../backup/uploaded-sum.js';
import { formatBytes, formatDuration, plural } from '../../text.js';
import type { ListedBackup, ListedLocation, ListedRow } from '../../use-cases/list/list-backups.js';
import type { Cell, Part } from '../ui/output.js';

/** Returns the heading of a location: how many backups it has, cannot be restored and are not shown. */
export function headingOf({ location, backups, chains }: ListedLocation): Part[] {
  const foreign = backups.filter(({ backup }) => backup.state === 'foreign').length;
  const others = foreign === 0 ? '' : `, ${plural(foreign, 'other entry', 'other entries')}`;
  const broken = backups.filter(({ backup }) => backup.state === 'broken').length;
  const incomplete = backups.filter(({ isComplete }) => isComplete === false).length;
  const lost = backups.filter(({ backup, restorable, isComplete }) => {
    return backup.state === 'ok' && !restorable && isComplete !== false;
  });
  const problems = [
    ...(broken === 0 ? [] : [`, ${broken} broken`]),
    ...(incomplete === 0 ? [] : [`, ${incomplete} incomplete`]),
    ...(lost.length === 0 ? [] : [`, ${lost.length} without a usable base`]),
  ];
  const shown = chains.flatMap(shownRows).length;
  const hidden = shown === backups.length ? '' : ` (${backups.length - shown} not shown)`;
  return [
    { text: location, color: 'bold' },
    `: ${plural(backups.length - foreign, 'backup')}`,
    { text: problems.join(''), color: 'red' },
    `${others}${hidden}`,
  ];
}

/**
 * Returns the rows of a location's table: the backups of each chain, then a line that sums it up. A
 * chain's first backup is always shown with its others, because it is what they all need.
 */
export function tableOf({ location, chains }: ListedLocation, nowMs: number): Cell[][] {
  const rows = chains.flatMap((chain): Cell[][] => {
    const shown = new Set(shownRows(chain));
    if (shown.size === 0) return [];
    const summary = summarize(chain);
    return [...withGaps(chain, shown, nowMs), ...(summary === undefined ? [] : [[summary]])];
  });
  if (rows.length === 0) return [];
  const titles = ['  NAME', 'AGE', 'DATA', 'UPLOAD', 'NOTES'];
  const table = [titles.map((text): Cell => [{ text, color: 'bold' }]), ...rows];
  return location === 'remote' ? table : table.map(withoutUpload);
}

/** Local copies are complete, however they were uploaded. */
function withoutUpload(row: Cell[]): Cell[] {
  return row.filter((_, at) => at !== 3);
}

function shownRows(chain: readonly ListedRow[]): ListedRow[] {
  if (!chain.some(({ listed }) => listed.isSelected)) return [];
  return chain.filter(({ listed }, at) => at === 0 || listed.isSelected);
}

/** Returns the rows that are shown, and a line for each sequence of backups that are not. */
function withGaps(
  chain: readonly ListedRow[],
  shown: ReadonlySet<ListedRow>,
  nowMs: number,
): Cell[][] {
  const rows: Cell[][] = [];
  let hidden = 0;
  const closeGap = () => {
    if (hidden > 0) rows.push([[`  … ${plural(hidden, 'increment')} not shown`]]);
    hidden = 0;
  };
  for (const row of chain) {
    if (!shown.has(row)) {
      hidden += 1;
      continue;
    }
    closeGap();
    rows.push(toCells(row, nowMs));
  }
  closeGap();
  return rows;
}

function toCells({ listed, level, isBranch }: ListedRow, nowMs: number): Cell[] {
  const { backup, createdMs } = listed;
  const indent = '  '.repeat(level + (isBranch ? 0 : 1));
  return [
    [`${indent}${isBranch ? '└ ' : ''}${backup.name}`],
    [createdMs === undefined ? roughAgeOf(backup.created, nowMs) : ageOf(nowMs - createdMs)],
    [backup.sizeBytes === undefined ? '?' : formatBytes(backup.sizeBytes)],
    [uploadOf(listed)],
    notesOf(listed),
  ];
}

function ageOf(ms: number): string {
  return ms < 0 ? `in ${formatDuration(-ms)}` : formatDuration(ms);
}

/** In days, because the time zone of the server's text depends on its version; year 1 means unknown. */
function roughAgeOf(created: string, nowMs: number): string {
  const days = Math.floor((nowMs - Date.parse(`${created.replace(' ', 'T')}Z`)) / 86_400_000);
  if (created.startsWith('0001-') || Number.isNaN(days)) return '?';
  return `~${Math.max(0, days)}d`;
}

/** Returns how a remote backup was uploaded; unknown for a broken one. */
function uploadOf({ backup }: ListedBackup): string {
  if (backup.required !== undefined) return 'increment';
  return backup.state === 'ok' ? 'full' : '';
}

function notesOf({ backup, isLastBackup, problem }: ListedBackup): Cell {
  const notes: Part[] = [];
  if (isLastBackup) notes.push({ text: 'last backup', color: 'green' });
  if (isUploadedWithoutBase(backup)) notes.push({ text: 'without a base', color: 'yellow' });
  if (problem !== undefined) {
    notes.push(backup.state === 'foreign' ? problem : { text: problem, color: 'red' });
  }
  return notes.flatMap((note, at) => (at === 0 ? [note] : ['; ', note]));
}

/** A DIFF that was uploaded in full. */
function isUploadedWithoutBase({
  name,
  location,
  required,
  state,
}: ListedBackup['backup']): boolean {
  const isFull = location === 'remote' && state === 'ok' && required === undefined;
  return isFull && parseBackupName(name)?.kind === 'DIFF';
}

/** Returns the line below a chain; undefined if it has no increments. */
function summarize(chain: readonly ListedRow[]): Cell | undefined {
  const [first, ...rest] = chain;
  if (first === undefined || rest.length === 0) return undefined;
  const { listed } = first;
  const isOrphan = listed.backup.required !== undefined;
  const increments = plural(isOrphan ? chain.length : rest.length, 'increment');
  const times = chain.flatMap(({ listed: { createdMs } }) => createdMs ?? []);
  const newestMs = times.reduce((newest, ms) => Math.max(newest, ms), -Infinity);
  const { createdMs: firstMs } = listed;
  const span = firstMs === undefined ? '' : ` in ${formatDuration(newestMs - firstMs)}`;
  const on = isOrphan ? ' without a full backup' : ` on ${listed.backup.name}`;
  const sum = sumUploaded(chain.map(({ listed: { backup } }) => backup));
  const stored = sum?.isComplete ? `, ${formatBytes(sum.bytes)} stored` : '';
  return ['  ', { text: `= ${increments}${span}${on}${stored}`, color: 'gray' }];
}
