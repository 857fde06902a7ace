import type { Backup, BackupKind } from './backup.js';

/** What the name of a backup made by chbackup, or by the bash agent before it, tells. */
export interface ParsedName {
  kind: BackupKind;
  /** When it was made, ms since 1970, read as local time of this process. */
  atMs: number;
  /** 1 for the name as made, 2 for `…_2`, and so on. */
  copy: number;
}

const nameForm =
  /^(FULL|DIFF)_CH_BK_(\d{4})-(\d\d)-(\d\d)_(\d\d)-(\d\d)-(\d\d)(?:_([2-9]|[1-9]\d{1,5}))?$/;

/** `FULL_CH_BK_2026-11-22_17-05-09`: kind and local time, to the second, as the bash agent has it. */
export function backupName(kind: BackupKind, date: Date): string {
  const day = [pad(date.getFullYear(), 4), pad(date.getMonth() + 1), pad(date.getDate())];
  const time = [pad(date.getHours()), pad(date.getMinutes()), pad(date.getSeconds())];
  return `${kind}_CH_BK_${day.join('-')}_${time.join('-')}`;
}

/**
 * The wanted name, or the first of `_2`, `_3` … that is not taken.
 * Re-creating a name destroys the older backup (contract §4), and clocks go back.
 */
export function freeName(wanted: string, isTaken: (name: string) => boolean): string {
  let name = wanted;
  for (let copy = 2; isTaken(name); copy += 1) name = `${wanted}_${copy}`;
  return name;
}

/**
 * Reads back what `backupName` and `freeName` made; undefined for people's own names and for
 * moments that no calendar has (2026-02-31). A time that only this process's zone skips, when
 * clocks go forward, is read: another host may have made it.
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

  // Not `new Date(year, …)`, which takes the years 0 to 99 for 1900 to 1999.
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
 * True if a server would not take this name as it is: servers silently remove `..`, slashes and
 * whitespace (contract §4), in deletes too, and then work on another backup.
 */
export function isChangedByServer(name: string): boolean {
  return /[\t\r\n ]|\.\.|[/\\]/.test(name);
}

/**
 * True if a server can be asked to delete exactly this name: whatever people call their folders,
 * but nothing that the server would change, and nothing that a URL would (`.`, half a surrogate
 * pair).
 */
export function isDeletableName(name: string): boolean {
  return !isChangedByServer(name) && !/^\.?$|[\p{Cc}\p{Cs}]/u.test(name);
}

/**
 * May this text be sent to a server as the name of a backup: from a last-backup file, which
 * anybody may have edited, or from the command line?
 *
 * A leading dash reads as an option, a leading dot hides a folder. Any script is welcome, but
 * nothing that a reader cannot see: control and format characters, any kind of space, halves of
 * surrogate pairs.
 */
export function isUsableName(text: string): boolean {
  return isDeletableName(text) && text.length <= 255 && !/^[-.]|\s|[\p{Cf}\p{Z}]/u.test(text);
}

/**
 * Oldest first by the time in the name, then `_2` after the plain name, then as listed (remote lists
 * are in the order of upload). People's own names count as older than all. `created` is not asked:
 * its zone depends on the server's version, and it is year 1 for some (contract §5).
 */
export function sortByAge(backups: readonly Backup[]): Backup[] {
  const dated = backups.map((backup) => ({ backup, made: parseBackupName(backup.name) }));
  dated.sort((one, other) => {
    if (one.made === undefined || other.made === undefined) {
      return Number(one.made !== undefined) - Number(other.made !== undefined);
    }
    return one.made.atMs - other.made.atMs || one.made.copy - other.made.copy;
  });
  return dated.map(({ backup }) => backup);
}

function pad(number: number, digits = 2): string {
  return String(number).padStart(digits, '0');
}
