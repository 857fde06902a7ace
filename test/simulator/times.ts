const pad = (value: number, digits = 2) => String(value).padStart(digits, '0');

/**
 * Formats a time as `YYYY-MM-DD hh:mm:ss`, as rows and lists show it
 * (clickhouse-backup-api.md#action-rows).
 */
export function wireTime(ms: number, utcOffsetMinutes: number): string {
  const at = new Date(ms + utcOffsetMinutes * 60_000);
  const date = `${pad(at.getUTCFullYear(), 4)}-${pad(at.getUTCMonth() + 1)}-${pad(at.getUTCDate())}`;
  return `${date} ${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}:${pad(at.getUTCSeconds())}`;
}

/**
 * The creation time of a broken remote backup, in the year 0001
 * (clickhouse-backup-api.md#creation-times).
 */
export const noTime = '0001-01-01 00:00:00';
