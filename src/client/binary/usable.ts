import { UnreachableError, OperationTimeoutError } from '../../errors.js';
import { quickMs } from '../limits.js';
import { clickHouseError, clickHouseHint } from '../server-errors.js';
import { failureOf, reasonOf, type Program, runProgram } from './run-program.js';

/**
 * Throws `UnreachableError` if ClickHouse does not answer the program, which then cannot list or delete
 * either (clickhouse-backup-api.md#program-without-clickhouse).
 */
export async function checkUsable(program: Program): Promise<void> {
  const args = ['tables', '--all', '--tables=nosuch.nosuch'];
  let ended;
  try {
    ended = await runProgram(program, { args, limitMs: quickMs, changes: false });
  } catch (error) {
    if (!(error instanceof OperationTimeoutError)) throw error;
    throw new UnreachableError(`ClickHouse does not answer: ${error.message}`, {
      hint: clickHouseHint,
      cause: error,
    });
  }
  if (ended.exitCode === 0) return;
  throw clickHouseError('ClickHouse', reasonOf(ended)) ?? failureOf(ended);
}
