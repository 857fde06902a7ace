import parseDuration from 'parse-duration';

const longestMs = 365 * 24 * 3_600_000;

/** A duration as people write it (`90s`, `30m`, `1h 30m`, `0`), in milliseconds. */
export function parseDurationMs(text: string): number | undefined {
  if (text.trim() === '0') return 0;
  // Lower case only: to parse-duration 6M is six minutes, to many people six months.
  if (!/^(\s*\d+(\.\d+)?\s*[a-z]+)+\s*$/.test(text)) return undefined;
  // Of the whole it would pass over a unit that it does not know.
  const parts = text.match(/[\d.]+\s*[a-z]+/gi) ?? [];
  if (parts.some((part) => parseDuration(part) === null)) return undefined;
  const ms = parseDuration(text);
  return ms === null || !Number.isFinite(ms) || ms < 0 || ms > longestMs ? undefined : ms;
}
