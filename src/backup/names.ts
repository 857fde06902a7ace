import type { Backup, BackupKind } from './backup.js';

/** When chbackup gave each name, ms since 1970, as far as that is recorded. */
export type CreationTimes = ReadonlyMap<string, number>;

/** Time zones are at most 26 hours apart: a name's local time cannot be further from its real time. */
export const widestZonesMs = 26 * 60 * 60 * 1000;

/** What the name of a backup contains that chbackup or the bash agent created. */
export interface ParsedName {
  kind: BackupKind;
  /** When it was created, ms since 1970; the name is read as local time of this process. */
  atMs: number;
  /** 1 for a name without a suffix, 2 for `…_2`, and so on. */
  copy: number;
}

const nameForm =
  /^(FULL|DIFF)_CH_BK_(\d{4})-(\d\d)-(\d\d)_(\d\d)-(\d\d)-(\d\d)(?:_([2-9]|[1-9]\d{1,5}))?$/;

/** Returns `FULL_CH_BK_2026-11-22_17-05-09`: kind and local time, in the form of the bash agent. */
export function backupName(kind: BackupKind, date: Date): string {
  const day = [pad(date.getFullYear(), 4), pad(date.getMonth() + 1), pad(date.getDate())];
  const time = [pad(date.getHours()), pad(date.getMinutes()), pad(date.getSeconds())];
  return `${kind}_CH_BK_${day.join('-')}_${time.join('-')}`;
}

/**
 * Returns the wanted name, or the first of `_2`, `_3` … that is not taken. Clocks go back, and
 * creating a name again destroys the older backup (clickhouse-backup-api.md#reused-names).
 */
export function freeName(wanted: string, isTaken: (name: string) => boolean): string {
  let name = wanted;
  for (let copy = 2; isTaken(name); copy += 1) name = `${wanted}_${copy}`;
  return name;
}

/**
 * Reads a name that `backupName` and `freeName` returned; undefined for any other name and for dates
 * that do not exist (2026-02-31). A local time that the time zone of this process skips, when clocks
 * go forward, is accepted: another host may have created the backup.
 */
export function parseBackupName(name: string): ParsedName | undefined {
  const match = nameForm.exec(name);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(2, 8)
    .map(Number);
  const inUtc = new Date(0);
  inUtc.setUTCFullYear(year, month - 1, day);
  inUtc.setUTCHours(hour, minute, second);
  const digits = match.slice(2, 8).join('');
  if (inUtc.toISOString().slice(0, 19).replace(/\D/g, '') !== digits) return undefined;

  // Not `new Date(year, …)`, which reads the years 0 to 99 as 1900 to 1999.
  const inZone = new Date(2000, 0, 1);
  inZone.setFullYear(year, month - 1, day);
  inZone.setHours(hour, minute, second);
  return {
    kind: match[1] === 'FULL' ? 'FULL' : 'DIFF',
    atMs: inZone.getTime(),
    copy: Number(match[8] ?? 1),
  };
}

/**
 * Returns when a backup was created, ms since 1970: as recorded, or else the time in its name, read as
 * local time. A recorded time that cannot belong to the name does not count. undefined for a name that
 * chbackup did not create.
 */
export function createdMsOf(name: string, recorded: CreationTimes): number | undefined {
  const inName = parseBackupName(name)?.atMs;
  const given = recorded.get(name);
  if (inName === undefined || given === undefined) return inName;
  return Math.abs(given - inName) <= widestZonesMs ? given : inName;
}

/**
 * True if a server would change this name: servers remove `..`, slashes and whitespace without an
 * error, in deletes too, and then work on another backup (clickhouse-backup-api.md#changed-names).
 */
export function isChangedByServer(name: string): boolean {
  return /[\t\r\n ]|\.\.|[/\\]/.test(name);
}

/**
 * True if a server can delete exactly this name: any name that neither the server nor a URL changes
 * (`.`, half a surrogate pair).
 */
export function isDeletableName(name: string): boolean {
  return !isChangedByServer(name) && !/^\.?$|[\p{Cc}\p{Cs}]/u.test(name);
}

/**
 * True if `text` is safe to send as a backup name. It comes from the command line or from a file that
 * may have been edited. A leading dash would be read as an option, and a leading dot hides a folder.
 * Letters of any script are accepted, invisible characters are not: control and format characters,
 * any kind of space, halves of surrogate pairs.
 */
export function isUsableName(text: string): boolean {
  return isDeletableName(text) && text.length <= 255 && !/^[-.]|\s|[\p{Cf}\p{Z}]/u.test(text);
}

/**
 * Returns the backups oldest first: by the recorded time or else the time in the name, then by suffix,
 * then as listed (remote lists are in the order of upload). Names that chbackup did not create count as
 * oldest. `created` is not used: its time zone depends on the server's version, and it can be year 1
 * (clickhouse-backup-api.md#creation-times).
 */
export function sortByAge(
  backups: readonly Backup[],
  recorded: CreationTimes = new Map(),
): Backup[] {
  const dated = backups.map((backup) => ({
    backup,
    atMs: createdMsOf(backup.name, recorded),
    copy: parseBackupName(backup.name)?.copy ?? 1,
  }));
  dated.sort((one, other) => {
    if (one.atMs === undefined || other.atMs === undefined) {
      return Number(one.atMs !== undefined) - Number(other.atMs !== undefined);
    }
    return one.atMs - other.atMs || one.copy - other.copy;
  });
  return dated.map(({ backup }) => backup);
}

function pad(number: number, digits = 2): string {
  return String(number).padStart(digits, '0');
}
