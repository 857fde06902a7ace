import { createInterface } from 'node:readline/promises';
import { visible } from '../../text.js';
import type { Execution } from '../execution.js';

/**
 * Asks for a typed yes on the terminal. Returns undefined if there is no terminal, or with `--json`,
 * because the user has not seen the plan. The end of the input (Ctrl-D) counts as no.
 */
export async function askForYes(
  question: string,
  { environment, output, settings, signal, reporter }: Execution,
): Promise<boolean | undefined> {
  if (settings.json || environment.stdin.isTTY !== true || !output.stderrIsTerminal)
    return undefined;
  reporter.end();
  // `terminal: false`: the terminal itself edits the line, and Ctrl-C is a signal.
  const terminal = createInterface({
    input: environment.stdin,
    output: environment.stderr,
    terminal: false,
  });
  const ended = new Promise<string>((resolve) => void terminal.once('close', () => resolve('')));
  try {
    const answered = terminal.question(`${visible(question)} Type yes: `, { signal });
    return (await Promise.race([answered, ended])).trim().toLowerCase() === 'yes';
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    terminal.close();
  }
}
