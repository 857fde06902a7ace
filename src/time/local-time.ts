const two = (value: number) => String(value).padStart(2, '0');

/** `2026-11-22_17-05-09`, local time, as the bash agent writes it. */
export function localStamp(ms: number): string {
  return localTime(ms).replace(' ', '_').replaceAll(':', '-');
}

/** `2026-11-22 17:05:09`, local time. */
export function localTime(ms: number): string {
  const at = new Date(ms);
  const date = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  return `${date} ${[two(at.getHours()), two(at.getMinutes()), two(at.getSeconds())].join(':')}`;
}
