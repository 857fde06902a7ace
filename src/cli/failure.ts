import { ChbackupError, exitCodeOf } from '../errors.js';
import type { Environment } from './environment.js';
import type { Execution } from './execution.js';
import type { Output } from './ui/output.js';
import { createRedactor } from './redaction.js';
import { ConsoleReporter } from './ui/console-reporter.js';
import { missingPart, presentableError, UnexpectedError } from './unexpected-error.js';

/** Prints an error of a running command; returns its exit code. */
export function failLate(error: unknown, { settings, reporter }: Execution): number {
  if (error instanceof ChbackupError) {
    reporter.failed(error);
    return exitCodeOf(error);
  }
  const redact = createRedactor(settings);
  reporter.failed(
    missingPart(error) ?? new UnexpectedError(`unexpected error: ${redact(describe(error))}`),
  );
  if (settings.verbose && error instanceof Error) reporter.trace(redact(error.stack ?? ''));
  return exitCodeOf(error);
}

/** The same before the settings are read; `--json` is taken from the command line. */
export async function failBeforeSettings(
  error: unknown,
  environment: Environment,
  output: Output,
): Promise<number> {
  if (!environment.argv.includes('--no-color')) await output.enableColors();
  const reporter = new ConsoleReporter({
    output,
    clock: environment.clock,
    host: '',
    mayShowHost: true,
    quiet: false,
    verbose: false,
    json: environment.argv.includes('--json'),
    onStep: undefined,
    spinner: undefined,
  });
  const known = presentableError(error);
  reporter.failed(known);
  return known.exitCode;
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.split('\n')[0]}` : String(error);
}
