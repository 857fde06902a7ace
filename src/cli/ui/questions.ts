import { createInterface } from 'node:readline/promises';
import { visible } from '../../text.js';
import type { Execution } from '../execution.js';

/**
 * Asks for a typed yes on the terminal. undefined: there is none to ask on, or, with `--json`, the
 * person has not seen what is asked about. An end of input (Ctrl-D) is a no.
 */
export async function askForYes(
  question: string,
  { environment, output, settings, signal, reporter }: Execution,
): Promise<boolean | undefined> {
  if (settings.json || environment.stdin.isTTY !== true || !output.stderrIsTerminal)
    return undefined;
  reporter.end();
  // `terminal: false`: the line is edited by the terminal itself, and Ctrl-C stays a signal.
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
