import { openOutput } from './cli/output.js';
import { parseArguments } from './cli/program.js';
import { InterruptedError } from './errors.js';
import type { Execution } from './cli/execution.js';
import type { World } from './world.js';

/** Runs one command line and gives back its exit code. The only place where errors end. */
export async function main(world: World): Promise<number> {
  world.setTitle('chbackup');
  const output = openOutput(world.stdout, world.stderr);
  const stop = new AbortController();
  const stopListening = world.onSignal((name) => stop.abort(new InterruptedError(name)));
  let execution: Execution | undefined;
  try {
    const { invocation, text } = parseArguments(world.argv);
    output.answer(text);
    if (invocation === undefined) return 0;
    const { execute, prepare } = await import('./cli/execute.js');
    execution = await prepare(invocation, world, output, stop.signal);
    await execute(invocation, execution);
    execution.story.end();
    return 0;
  } catch (error) {
    const { failBeforeSettings, failLate } = await import('./cli/failure.js');
    if (execution === undefined) return failBeforeSettings(error, world, output);
    return failLate(error, execution);
  } finally {
    stopListening();
  }
}
