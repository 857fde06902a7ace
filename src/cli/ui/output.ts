import type { TerminalStream } from '../environment.js';

/** Results go to stdout, progress and errors to stderr. A reader that went away stops neither. */
export interface Output {
  result(text: string): void;
  progress(text: string): void;
  stdoutIsTerminal: boolean;
  stderrIsTerminal: boolean;
}

export function openOutput(stdout: TerminalStream, stderr: TerminalStream): Output {
  // `chbackup list | head`, or a cron whose mailer died: the work goes on.
  stdout.on('error', () => undefined);
  stderr.on('error', () => undefined);
  return {
    result: (text) => void stdout.write(text),
    progress: (text) => void stderr.write(text),
    stdoutIsTerminal: stdout.isTTY === true,
    stderrIsTerminal: stderr.isTTY === true,
  };
}
