import { ApiResponseError } from '../../errors.js';
import { errorText } from './program-log.js';
import type { Ended } from './run-program.js';

/** Why it did not end with 0, in its own words if it has any. */
export function reasonOf(ended: Ended): string {
  if (ended.killedBy !== undefined) return `it was killed by ${ended.killedBy}`;
  return errorText(ended.stdout.text, ended.stderr.text) || `exit code ${ended.exitCode}`;
}

export function failureOf(ended: Ended): ApiResponseError {
  return new ApiResponseError(`clickhouse-backup ${ended.command} failed: ${reasonOf(ended)}`);
}
