import { openOutput } from './cli/ui/output.js';
import { parseArguments } from './cli/program.js';
import { exitCodes, InterruptedError } from './errors.js';
import type { Execution } from './cli/execution.js';
import type { Environment } from './cli/environment.js';

/**
 * Runs one command line, prints its errors and returns its exit code. Rejects only if the code that
 * prints errors cannot be loaded, with the error to print.
 */
export async function main(environment: Environment): Promise<number> {
  environment.setTitle('chbackup');
  const output = openOutput(environment);
  const stop = new AbortController();
  const stopListening = environment.onSignal((name) => stop.abort(new InterruptedError(name)));
  let execution: Execution | undefined;
  try {
    const { invocation, text } = parseArguments(environment.argv);
    if (invocation === undefined) {
      output.ownText(text);
      await output.finishStdout('check where stdout goes');
      return 0;
    }
    const { prepare } = await import('./cli/execution.js');
    execution = await prepare(invocation, environment, output, stop.signal);
    const code = await invocation.command.run(invocation.typed, execution);
    execution.reporter.end();
    await output.finishStdout('the command itself succeeded; only its output is lost');
    const exitCode = code ?? exitCodes.done;
    await execution.monitoring?.finish(exitCode);
    return exitCode;
  } catch (error) {
    const failure = await import('./cli/failure.js').catch(() => undefined);
    // The first error is the one to report.
    if (failure === undefined) throw error;
    const { failBeforeSettings, failLate } = failure;
    if (execution === undefined) return await failBeforeSettings(error, environment, output);
    const exitCode = failLate(error, execution);
    await execution.monitoring?.finish(exitCode);
    return exitCode;
  } finally {
    stopListening();
  }
}

/** Returns true if a run with this exit code may have left a name lookup, which cannot be canceled. */
export function mayLeaveLookup(exitCode: number): boolean {
  const codes: number[] = [exitCodes.unreachable, exitCodes.interrupted, exitCodes.terminated];
  return codes.includes(exitCode);
}
