import type { Backup, Location } from '../../backup/backup.js';
import { stateOf } from '../row-state.js';
import { presentable } from '../../text.js';
import { uploadedBytesOf } from '../uploaded-bytes.js';

const date = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d`;

/** Up to 2.6.5: name, size, date, location, base, description (clickhouse-backup-api.md#program-list). */
const oldRow = new RegExp(
  String.raw`^(?<name>\S.*?) {3,}(?<size>\S+) {3,}(?<created>${date}) {3,}(?<location>local|remote)` +
    String.raw`(?: +(?<required>\+\S+))?(?: +(?<description>\S.*?))? *$`,
);

/** Since 2.6.6: name, date, location, base, sizes, description. */
const newRow = new RegExp(
  String.raw`^(?<name>\S.*?) {3,}(?<created>${date}) {3,}(?<location>local|remote)` +
    String.raw`(?: +(?<required>\+\S+))? +(?<size>all:\S+|\?\?\?)(?: +(?<description>\S.*?))? *$`,
);

/**
 * Returns the rows of `list` as text, without the log lines between them, up to 2.5.21
 * (clickhouse-backup-api.md#program-log), and without the row that stands for an empty list
 * (clickhouse-backup-api.md#nameless-row).
 */
export function rowsOfText(text: string): Backup[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const cells = (newRow.exec(line) ?? oldRow.exec(line))?.groups;
    return cells === undefined ? [] : [rowOfText(cells)];
  });
}

function rowOfText(cells: Record<string, string | undefined>): Backup {
  const { name = '', created = '', location, required = '', size = '' } = cells;
  const at: Location = location === 'local' ? 'local' : 'remote';
  // Up to 2.4, the program shows no description for it (clickhouse-backup-api.md#program-list).
  const unnamed = at === 'local' && size === '???' ? 'old-format' : '';
  const [, day, month, year, time] = /^(\d\d)\/(\d\d)\/(\d{4}) (.*)$/.exec(created) ?? [];
  const sortable = day === undefined ? created : `${year}-${month}-${day} ${time}`;
  return backup(name, at, sortable, size, required, cells['description'] ?? unnamed);
}

/** Returns the rows of `list --format json`; undefined if the text is not such a list. */
export function rowsOfJson(text: string): Backup[] | undefined {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(rows) || !rows.every(isRow)) return undefined;
  return rows
    .filter((row) => row.BackupName !== '')
    .map((row) =>
      backup(
        row.BackupName,
        row.Type,
        localTime(row.CreationDate),
        row.Size,
        row.RequiredBackup,
        row.Description,
      ),
    );
}

interface Row {
  BackupName: string;
  Type: Location;
  CreationDate: string;
  Size: string;
  RequiredBackup: string;
  Description: string;
}

function isRow(value: unknown): value is Row {
  if (typeof value !== 'object' || value === null) return false;
  const row = value as Record<keyof Row, unknown>;
  const texts = [
    row.BackupName,
    row.CreationDate,
    row.Size,
    row.RequiredBackup,
    row.Description,
  ].every((cell) => typeof cell === 'string');
  return texts && (row.Type === 'local' || row.Type === 'remote');
}

/** Returns a time of the JSON, which may be in any zone, in local time. Year 1 means unknown. */
function localTime(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime()) || time.startsWith('0001')) {
    return time.slice(0, 19).replace('T', ' ');
  }
  const shifted = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19).replace('T', ' ');
}

function backup(
  name: string,
  location: Location,
  created: string,
  size: string,
  required: string,
  description: string,
): Backup {
  const part = (key: string) => bytesOf(new RegExp(String.raw`\b${key}:([^,]*)`).exec(size)?.[1]);
  const meta = part('meta');
  const others = ['obj', 'rbac', 'conf', 'nc'].map((key) => part(key) ?? 0);
  const sizeBytes = part('data') ?? bytesOf(size);
  const base = required.replace(/^\+/, '') || undefined;
  const uploadedBytes = uploadedBytesOf({
    location,
    description,
    isIncrement: base !== undefined,
    allBytes: part('all'),
    // Not the difference between two sizes, which are rounded.
    restBytes: meta === undefined ? undefined : others.reduce((sum, bytes) => sum + bytes, meta),
    sentBytes: part('arch'),
  });
  return {
    name,
    location,
    created,
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(uploadedBytes !== undefined && { uploadedBytes }),
    required: base,
    description: presentable(description),
    state: stateOf({ name, location, description }),
  };
}

const units: Record<string, number> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** Returns the bytes of a size such as `8.05MiB`; undefined for `???` and anything else. */
export function bytesOf(size = ''): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMGT]i)?B$/.exec(size);
  if (match === null) return undefined;
  const [, number = '', prefix = ''] = match;
  return Math.round(Number(number) * (units[`${prefix}B`] ?? 1));
}
