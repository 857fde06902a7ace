import yoctoSpinner, { type Options } from 'yocto-spinner';
import { formatDuration, visible } from '../../text.js';
import type { Activity } from '../../use-cases/reporter.js';
import type { TerminalStream } from '../environment.js';

/** What a command is doing now. */
export interface Progress {
  text: string;
  activity: Activity;
  /** undefined when it begins. */
  elapsedMs: number | undefined;
}

/** A moving line on a terminal that shows what chbackup waits for. */
export interface Spinner {
  show(progress: Progress): void;
  stop(end: 'done' | 'failed'): void;
}

export function createSpinner(stream: TerminalStream): Spinner {
  // Signals are ours: they end the wait and name the right exit code.
  const options: Options = { stream, handleSignals: false };
  const spinner = yoctoSpinner(options);
  return {
    show({ text, elapsedMs }) {
      const elapsed = elapsedMs === undefined ? '' : ` ${formatDuration(elapsedMs)}`;
      const shown = visible(`${text}${elapsed}`);
      if (spinner.isSpinning) spinner.text = shown;
      else spinner.start(shown);
    },
    stop: () => void spinner.stop(),
  };
}
