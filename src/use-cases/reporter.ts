import type { ClientObserver } from '../client/observer.js';
import type { Step } from './steps.js';

/** What a phase of work is, for a line that counts shards. */
export type Activity = 'creating' | 'uploading' | 'verifying' | 'waiting' | 'working';

/** Receives what a command reports. Commands never print. */
export interface Reporter extends ClientObserver {
  /** A step of the flowchart begins; `diagram/` draws the same names. */
  step(name: Step): void;
  /** A phase of work begins, such as `uploading DIFF_…`. */
  phase(text: string, activity?: Activity): void;
  info(text: string): void;
  /** Goes to the log file, and to the user only with `--verbose`. */
  note(text: string): void;
  /** Something the user should look at, although the command continues. */
  warn(text: string): void;
}
