import { ChbackupError, exitCodes } from '../errors.js';
import type { World } from './environment.js';
import { colorLevel } from './ui/colors.js';
import type { Execution } from './execution.js';
import type { Output } from './ui/output.js';
import { createRedactor } from './redaction.js';
import { Story } from './ui/console-reporter.js';
import { missingPart, presentableError, UnexpectedError } from './unexpected-error.js';

/** Prints an error of a running command; gives back its exit code. */
export function failLate(error: unknown, { settings, story }: Execution): number {
  if (error instanceof ChbackupError) {
    story.failed(error);
    return error.exitCode;
  }
  const redact = createRedactor(settings.credentials);
  story.failed(missingPart(error) ?? new UnexpectedError(`unexpected: ${redact(describe(error))}`));
  if (settings.verbose && error instanceof Error) story.trace(redact(error.stack ?? ''));
  return exitCodes.failed;
}

/** The same while the settings are not known; `--json` counts as typed. */
export function failBeforeSettings(error: unknown, world: World, output: Output): number {
  const story = new Story({
    output,
    clock: world.clock,
    host: '',
    quiet: false,
    verbose: false,
    json: world.argv.includes('--json'),
    colorLevel: colorLevel({
      noColor: world.argv.includes('--no-color'),
      env: world.env,
      isTerminal: output.storyIsTerminal,
    }),
    onStep: undefined,
    spinner: undefined,
  });
  const known = presentableError(error);
  story.failed(known);
  return known.exitCode;
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.split('\n')[0]}` : String(error);
}
