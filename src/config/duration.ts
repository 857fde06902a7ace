import parseDuration from 'parse-duration';

const longestMs = 365 * 24 * 3_600_000;

/**
 * Returns a duration such as `90s`, `30m`, `1h 30m` or `0` in milliseconds; undefined if the text is
 * not a duration, or the duration is longer than 365 days.
 */
export function parseDurationMs(text: string): number | undefined {
  const ms = readMs(text);
  return ms === undefined || ms > longestMs ? undefined : ms;
}

/** Returns what is wrong with a text that `parseDurationMs` rejects; `otherwise` if it is not a duration. */
export function durationProblem(text: string, otherwise: string): string {
  const ms = readMs(text);
  return ms !== undefined && ms > longestMs ? 'is longer than the limit of 365 days' : otherwise;
}

/** Without the limit. */
function readMs(text: string): number | undefined {
  if (text.trim() === '0') return 0;
  // Uppercase is rejected: 6M is six minutes to parse-duration, but six months to many people.
  if (!/^(\s*\d+(\.\d+)?\s*[a-z]+)+\s*$/.test(text)) return undefined;
  // Each part is checked alone, because parse-duration ignores an unknown unit in a longer text.
  const parts = text.match(/[\d.]+\s*[a-z]+/gi) ?? [];
  if (parts.some((part) => parseDuration(part) === null)) return undefined;
  return parseDuration(text) ?? undefined;
}
