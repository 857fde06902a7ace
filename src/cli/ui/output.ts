import type { TerminalStream } from '../environment.js';

/** stdout is the answer, stderr is the story. A reader that went away stops neither. */
export interface Output {
  answer(text: string): void;
  story(text: string): void;
  answerIsTerminal: boolean;
  storyIsTerminal: boolean;
}

export function openOutput(stdout: TerminalStream, stderr: TerminalStream): Output {
  // `chbackup list | head`, or a cron whose mailer died: the work goes on.
  stdout.on('error', () => undefined);
  stderr.on('error', () => undefined);
  return {
    answer: (text) => void stdout.write(text),
    story: (text) => void stderr.write(text),
    answerIsTerminal: stdout.isTTY === true,
    storyIsTerminal: stderr.isTTY === true,
  };
}
