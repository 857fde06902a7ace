import { ConfigError } from '../errors.js';

/**
 * Replaces a TZ that names a file (`:/etc/localtime`) by the zone in that file. Node would use that
 * zone's standard time all year.
 */
export function nameTimeZone(env: Record<string, string | undefined>): void {
  const file = env['TZ']?.replace(/^:/, '') ?? '';
  // Without TZ, Node finds the zone of this file itself, even if it is not a link.
  if (file === '/etc/localtime' || file === 'localtime') delete env['TZ'];
  const zone = /^\/.*\/zoneinfo\/(?:posix\/|right\/)?(.+)$/.exec(file)?.[1];
  if (zone !== undefined) env['TZ'] = zone;
}

/**
 * Checks that Node uses the TZ that is set. Otherwise the names of backups do not have the time of cron
 * and of the other programs on this machine: throws `ConfigError` for a zone that does not exist, and
 * returns a warning for a POSIX rule, which those programs know. Node knows the names of zones and
 * some POSIX rules (`UTC+3`; `CET-1CEST` only if that is the time of this machine anyway), so Node's
 * local time is compared with the one in TZ, now and in half a year.
 */
export function checkTimeZone(tz: string | undefined, nowMs: number): string | undefined {
  // The comparison takes 15 ms, and these are what most machines have.
  if (tz === undefined || ['', 'UTC', 'Etc/UTC'].includes(tz)) return undefined;
  const halfYearMs = 183 * 24 * 3_600_000;
  const dates = [new Date(nowMs), new Date(nowMs + halfYearMs)];
  const offsets = dates.map((date) => date.getTimezoneOffset());
  const name = tz.replace(/^:/, '').replace(/^(?:posix|right)\//, '');
  const zone = openZone(name);
  const rule = zone === undefined ? readRule(name) : undefined;
  if (zone !== undefined && matchesZone(offsets, dates, zone)) return undefined;
  if (rule !== undefined) return matchesRule(offsets, rule) ? undefined : ignored(tz);
  const usual = zone?.resolvedOptions().timeZone ?? '';
  const isMisspelt = usual !== name && usual.toLowerCase() === name.toLowerCase();
  throw new ConfigError(`TZ ${JSON.stringify(tz)} is not a time zone that Node.js knows`, {
    hint: isMisspelt
      ? `write TZ=${usual}`
      : 'write the name of a zone, such as Europe/Berlin or UTC',
  });
}

/** Returns undefined if no zone has this name. */
function openZone(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  } catch {
    return undefined;
  }
}

/** Offsets are in minutes, with the sign of `getTimezoneOffset`: negative east of Greenwich. */
function matchesZone(offsets: number[], dates: Date[], zone: Intl.DateTimeFormat): boolean {
  const inZone = dates.map((date) => {
    const parts = zone.formatToParts(date);
    const text = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours = '0', minutes = '0'] = /GMT([+-])(\d\d):(\d\d)/.exec(text) ?? [];
    return (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? 1 : -1);
  });
  return inZone.every((offset, at) => offset - (offsets[at] ?? 0) === 0);
}

interface PosixRule {
  /** In minutes, with the sign of `getTimezoneOffset`. */
  standard: number;
  hasSummer: boolean;
}

/** Reads a POSIX rule such as `MSK-3` or `CET-1CEST`; undefined if it is not one. */
function readRule(text: string): PosixRule | undefined {
  const form = /^(?:[A-Za-z]{3,}|<[^>]+>)([+-]?)(\d{1,2})(?::(\d\d))?(?::\d\d)?(.*)$/;
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, sign, hours, minutes = '0', summer] = match;
  const standard = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  return { standard, hasSummer: summer !== '' };
}

function matchesRule(offsets: number[], { standard, hasSummer }: PosixRule): boolean {
  const changes = new Set(offsets).size > 1;
  return Math.max(...offsets) - standard === 0 && changes === hasSummer;
}

function ignored(tz: string): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return `Node.js does not know the time zone rule TZ=${JSON.stringify(tz)}, so the names of backups have the time of ${timeZone}; to change that, set TZ to the name of a zone, such as Europe/Berlin`;
}
