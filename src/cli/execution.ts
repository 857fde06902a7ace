import type { Settings } from '../config/settings.js';
import type { World } from './environment.js';
import type { Output } from './ui/output.js';
import type { Story } from './ui/console-reporter.js';

/** What every command of the command line is executed with. */
export interface Execution {
  world: World;
  settings: Settings;
  story: Story;
  output: Output;
  /** Aborted with an `InterruptedError`. */
  signal: AbortSignal;
}
