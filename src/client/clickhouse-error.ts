import { ApiUnreachableError } from '../errors.js';

export const clickHouseHint =
  "check that ClickHouse is running, and the clickhouse.* settings (host, port, username, password) in clickhouse-backup's configuration";

/**
 * The error for what clickhouse-backup says about its ClickHouse; undefined if `text` is about
 * something else, such as a faulty configuration. All versions from 2.4.0 on begin with these words.
 */
export function clickHouseError(subject: string, text: string): ApiUnreachableError | undefined {
  if (!/can't (connect to clickhouse|get tables)/i.test(text)) return undefined;
  // A code is ClickHouse's own: it does answer, but refuses.
  const verb = /\bcode: \d+/.test(text) ? 'returned an error' : 'does not answer';
  return new ApiUnreachableError(`${subject} ${verb}: ${text}`, { hint: clickHouseHint });
}
