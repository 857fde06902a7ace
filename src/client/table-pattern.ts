import type { TableName } from '../backup/table-name.js';

/**
 * The pattern that finds a table in `tables`. The server turns it into a regular expression and
 * escapes only some characters, so anything but letters, digits, `_`, `.` and `-` becomes `*`;
 * other tables may match too, and the caller compares names.
 */
export function tablePattern({ database, table }: TableName): string {
  return `${database}.${table}`.replaceAll(/[^\w.-]+/g, '*');
}
