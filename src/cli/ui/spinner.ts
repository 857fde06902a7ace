import yoctoSpinner, { type Options } from 'yocto-spinner';
import type { TerminalStream } from '../environment.js';

/** One moving line on a terminal, that says what is waited for. */
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
      if (spinner.isSpinning) spinner.text = text;
      else spinner.start(text);
    },
    stop: () => void spinner.stop(),
  };
}
