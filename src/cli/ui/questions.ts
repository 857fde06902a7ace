import { createInterface } from 'node:readline/promises';
import { visible } from '../../text.js';
import { rejection } from '../../time/waiting.js';
import type { Execution } from '../execution.js';

/**
 * Asks for a typed yes on the terminal. Returns undefined without a terminal, or with `--json`,
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
  const ended = new Promise<undefined>((resolve) => {
    terminal.once('close', () => resolve(undefined));
  });
  // After Ctrl-C and Ctrl-D the cursor is still in the line of the question.
  const endLine = () => output.progressLine([]);
  try {
    const prompt = `${visible(question)} Type 'yes' to continue: `;
    const answered = terminal.question(prompt);
    const answer = await Promise.race([answered, ended, rejection(signal)]);
    if (answer === undefined) endLine();
    return answer?.trim().toLowerCase() === 'yes';
  } catch (error) {
    if (!signal.aborted) throw error;
    endLine();
    throw signal.reason;
  } finally {
    terminal.close();
  }
}
