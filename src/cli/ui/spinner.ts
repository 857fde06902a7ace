import yoctoSpinner, { type Options } from 'yocto-spinner';
import { visible } from '../../text.js';
import type { TerminalStream } from '../environment.js';

/** A moving line on a terminal that shows what chbackup waits for. */
export interface Spinner {
  show(text: string): void;
  stop(): void;
}

export function createSpinner(stream: TerminalStream): Spinner {
  // Signals are ours: they end the wait and name the right exit code.
  const options: Options = { stream, handleSignals: false };
  const spinner = yoctoSpinner(options);
  return {
    show(text) {
      const shown = visible(text);
      if (spinner.isSpinning) spinner.text = shown;
      else spinner.start(shown);
    },
    stop: () => void spinner.stop(),
  };
}
