import type { Settings } from '../config/settings.js';
import type { Environment } from './environment.js';
import type { Output } from './ui/output.js';
import type { ConsoleReporter } from './ui/console-reporter.js';

/** What every command of the command line is executed with. */
export interface Execution {
  environment: Environment;
  settings: Settings;
  reporter: ConsoleReporter;
  output: Output;
  /** Aborted with an `InterruptedError`. */
  signal: AbortSignal;
}
