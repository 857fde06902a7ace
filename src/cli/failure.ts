import { ChbackupError, exitCodeOf } from '../errors.js';
import type { Environment } from './environment.js';
import type { Execution } from './execution.js';
import type { Output } from './ui/output.js';
import { createRedactor } from './redaction.js';
import { nagiosCodes, nagiosErrorLine } from './commands/nagios.js';
import { ConsoleReporter } from './ui/console-reporter.js';
import { missingPart, presentableError, UnexpectedError } from './unexpected-error.js';

/** Prints an error of a running command; returns its exit code. */
export function failLate(error: unknown, execution: Execution): number {
  const { environment, output, settings, reporter } = execution;
  if (isForNagios(environment)) {
    reporter.end();
    return failForNagios(error, output);
  }
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
  if (isForNagios(environment)) return failForNagios(error, output);
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

function isForNagios({ argv }: Environment): boolean {
  return argv.includes('check') && argv.includes('--nagios');
}

/** Nagios shows only what a plugin writes to stdout, and 2 means critical to it. */
function failForNagios(error: unknown, output: Output): number {
  const { message, hint } = presentableError(error);
  const text = hint === undefined ? message : `${message} (${hint})`;
  output.resultLine([nagiosErrorLine(text)]);
  return nagiosCodes.unknown;
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.split('\n')[0]}` : String(error);
}
