const two = (value: number) => String(value).padStart(2, '0');

/** Returns local time such as `2026-11-22_17-05-09`, as the bash agent writes it. */
export function localStamp(ms: number): string {
  return localTime(ms).replace(' ', '_').replaceAll(':', '-');
}

/** Reads local time such as `2026-11-22 17:05:09`, as ms since 1970; undefined for another text. */
export function parseLocalTime(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text)) return undefined;
  const ms = new Date(text.replace(' ', 'T')).getTime();
  return Number.isNaN(ms) ? undefined : ms;
}

/** Returns local time such as `2026-11-22 17:05:09`. */
export function localTime(ms: number): string {
  const at = new Date(ms);
  const date = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  return `${date} ${[two(at.getHours()), two(at.getMinutes()), two(at.getSeconds())].join(':')}`;
}
