import { UnreachableError, OperationTimeoutError } from '../../errors.js';
import { quickMs } from '../limits.js';
import { clickHouseError, clickHouseHint } from '../server-errors.js';
import { failureOf, reasonOf, type Program, runProgram } from './run-program.js';

/**
 * Throws `UnreachableError` unless ClickHouse answers the program. Without ClickHouse no version
 * can list or delete either: 2.4 fails at once, later ones try to connect forever (contract §10).
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
