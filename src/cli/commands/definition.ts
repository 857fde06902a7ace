import type { Execution } from '../execution.js';

/** The arguments and options of one command, without the common ones. They are not checked yet. */
export interface Typed {
  arguments: readonly string[];
  options: object;
}

/** An option, in commander's form. A `repeatable` one has a list as its value. */
export interface OptionDefinition {
  flags: string;
  description: string;
  repeatable?: boolean;
}

/** One command of the command line: its help, its options, and what it does. */
export interface CommandDefinition {
  name: string;
  /** The bash agent's name for it, which is accepted but not shown. */
  agentName?: string;
  summary: string;
  description: string;
  examples: readonly string[];
  /** Its own arguments, before those of the connection. */
  arguments?: readonly { name: string; description: string }[];
  options?: readonly OptionDefinition[];
  /** The default of `--wait`. */
  defaultWait: string;
  /** The command can use the local program instead of an API. */
  canUseBinary: boolean;
  /** The host may be the notation of a cluster. */
  canUseCluster?: boolean;
  /** It has metrics files and pings; a `check` pings only a URL that names the command. */
  monitoring?: 'run' | 'check';
  /**
   * Checks the options and runs the command. Loads its view only now, to keep `--version` fast. May return
   * an exit code whose reason is among the results, instead of throwing it.
   */
  run(typed: Typed, execution: Execution): Promise<number | void>;
}
