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
 * Throws `ConfigError` if TZ is set but Node ignores it: the names of backups would not have the time
 * of cron and of the other programs on this machine. Node knows the names of zones and some POSIX rules
 * (`UTC+3`; `CET-1CEST` only if that is the time of this machine anyway), so Node's local time is
 * compared with the one in TZ, now and in half a year.
 */
export function checkTimeZone(tz: string | undefined, nowMs: number): void {
  // The comparison takes 15 ms, and these are what most machines have.
  if (tz === undefined || ['', 'UTC', 'Etc/UTC'].includes(tz)) return;
  const halfYearMs = 183 * 24 * 3_600_000;
  const dates = [new Date(nowMs), new Date(nowMs + halfYearMs)];
  const offsets = dates.map((date) => date.getTimezoneOffset());
  const name = tz.replace(/^:/, '').replace(/^(?:posix|right)\//, '');
  const zone = openZone(name);
  if (zone === undefined ? matchesRule(offsets, name) : matchesZone(offsets, dates, zone)) return;
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

/** Compares with a POSIX rule such as `MSK-3` or `CET-1CEST`: standard time, and if there is another. */
function matchesRule(offsets: number[], rule: string): boolean {
  const form = /^(?:[A-Za-z]{3,}|<[^>]+>)([+-]?)(\d{1,2})(?::(\d\d))?(?::\d\d)?(.*)$/;
  const match = form.exec(rule);
  if (match === null) return false;
  const [, sign, hours, minutes = '0', summer] = match;
  const standard = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  const hasSummer = new Set(offsets).size > 1;
  return Math.max(...offsets) - standard === 0 && hasSummer === (summer !== '');
}
