import { pollIntervalMs } from '../../time/intervals.js';
import { ChargedWait, type WaitBudget } from '../../time/waiting.js';
import { BusyError } from '../../errors.js';
import type { Outcome } from '../client.js';
import { serverErrorCode } from '../server-errors.js';
import { reasonOf, type Call, type Ended, type Program, runProgram } from './run-program.js';

/** The command and its start in the text of `busy` (clickhouse-backup-api.md#program-lock). */
const busyText =
  /another clickhouse-backup `?(?<command>[^`]*?)`? command is already running (?<start>[^\s|(]*)/;

/**
 * Runs a command that changes something and returns its outcome. Waits while another command works on the
 * same backup; throws `BusyError` after `--wait`.
 */
export async function runOperation(
  program: Program,
  budget: WaitBudget,
  call: Omit<Call, 'changes'>,
  beforeAgain?: () => Promise<void>,
): Promise<Outcome> {
  const { clock, signal, observer } = program;
  const wait = new ChargedWait(clock, budget);
  for (;;) {
    const ended = await runWatched(program, { ...call, changes: true });
    const outcome = outcomeOf(ended);
    if (outcome.kind !== 'error' || outcome.code !== 'busy') {
      if (wait.waitedMs > 0) observer.free();
      observer.answered({ command: ended.command, ...toLog(outcome) });
      return outcome;
    }
    if (wait.isOver()) {
      throw new BusyError(`clickhouse-backup is busy: ${outcome.reason}`, {
        hint: 'run again later, or wait longer with --wait; if nothing is running, its pid file is stale',
      });
    }
    const { command = '', start = '' } = busyText.exec(outcome.reason)?.groups ?? {};
    observer.busy({ command, start });
    await wait.pause(signal);
    observer.stillBusy(wait.waitedMs);
    await beforeAgain?.();
  }
}

function outcomeOf(ended: Ended): Outcome {
  if (ended.exitCode === 0) return { kind: 'success' };
  const reason = reasonOf(ended);
  // A killed program does not show how far it had come.
  if (ended.killedBy !== undefined) return { kind: 'unknown', reason };
  return { kind: 'error', reason, code: serverErrorCode(reason) };
}

/** Returns the outcome as it is written to the log file. */
function toLog(outcome: Outcome): object {
  if (outcome.kind === 'success') return { status: outcome.kind };
  const key = outcome.kind === 'error' ? 'text' : 'why';
  return { status: outcome.kind, [key]: outcome.reason };
}

/** Runs the program and reports to the observer at intervals that it is still running. */
async function runWatched(program: Program, call: Call): Promise<Ended> {
  const { clock, observer } = program;
  const startMs = clock.elapsed();
  const over = new AbortController();
  const watch = async () => {
    for (;;) {
      const elapsedMs = clock.elapsed() - startMs;
      await clock.sleep(pollIntervalMs(elapsedMs), over.signal);
      observer.working(clock.elapsed() - startMs);
    }
  };
  watch().catch(() => undefined);
  try {
    return await runProgram(program, call);
  } finally {
    over.abort();
  }
}
