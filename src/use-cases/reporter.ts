import type { ClientObserver } from '../client/observer.js';
import type { Step } from './steps.js';

/** To whom a command tells what happens. Commands never print. */
export interface Reporter extends ClientObserver {
  /** A step of the flow is entered; `diagram/` draws the same names. */
  step(name: Step): void;
  /** What the waiting from here on is for: `uploading DIFF_…`. */
  phase(text: string): void;
  info(text: string): void;
  /** Something for the log file, and for a person only with `--verbose`. */
  note(text: string): void;
  /** Something a person should look at, though the command goes on. */
  warn(text: string): void;
}
