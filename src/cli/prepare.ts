import { readSettings } from '../config/settings.js';
import type { World } from './environment.js';
import { colorLevel } from './ui/colors.js';
import type { Execution } from './execution.js';
import type { Output } from './ui/output.js';
import type { Invocation } from './program.js';
import type { Spinner } from './ui/spinner.js';
import { Story } from './ui/console-reporter.js';

/** Reads the settings of an invocation and opens the story that tells of it. */
export async function prepare(
  { command, given }: Invocation,
  world: World,
  output: Output,
  signal: AbortSignal,
): Promise<Execution> {
  const { settings, unknown } = await readSettings({
    given,
    env: world.env,
    cwd: world.cwd,
    defaultWait: command.defaultWait,
    binaryAllowed: command.canUseBinary,
  });
  const spinner = await openSpinner(world, output, settings.json || settings.quiet);
  const story = new Story({
    output,
    clock: world.clock,
    host: settings.host.fileName,
    quiet: settings.quiet,
    verbose: settings.verbose,
    json: settings.json,
    colorLevel: colorLevel({
      noColor: settings.noColor,
      env: world.env,
      isTerminal: output.storyIsTerminal,
    }),
    onStep: world.onStep,
    spinner,
  });
  world.setTitle(`chbackup ${command.name} ${settings.host.label}`);
  if (unknown.length > 0) {
    story.warn(`ignoring unknown setting${unknown.length > 1 ? 's' : ''} ${unknown.join(', ')}`);
  }
  return { world, settings, story, output, signal };
}

/** Loaded only where there is a terminal for it. */
async function openSpinner(
  { env, stderr }: World,
  { storyIsTerminal }: Output,
  silent: boolean,
): Promise<Spinner | undefined> {
  const canMove = storyIsTerminal && env['TERM'] !== 'dumb' && env['CI'] === undefined;
  if (!canMove || silent) return undefined;
  const { createSpinner } = await import('./ui/spinner.js');
  return createSpinner(stderr);
}
