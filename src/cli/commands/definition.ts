import type { Execution } from '../execution.js';

/** What was typed for a command, besides the connection and the common options; not checked yet. */
export interface Typed {
  arguments: readonly string[];
  options: object;
}

/** An option as commander takes it; `repeatable` ones give a list. */
export interface OptionDefinition {
  flags: string;
  description: string;
  repeatable?: boolean;
}

/** One command of the command line: its help, its options, and what it does. */
export interface CommandDefinition {
  name: string;
  /** What the bash agent calls it: understood, but not shown. */
  agentName?: string;
  summary: string;
  description: string;
  examples: readonly string[];
  /** Its own arguments, which stand before those of the connection. */
  arguments?: readonly { name: string; description: string }[];
  options?: readonly OptionDefinition[];
  /** How long it waits for others if `--wait` does not say. */
  defaultWait: string;
  /** The local program can serve it in place of an API. */
  canUseBinary: boolean;
  /** Reads what was typed and does it. Loads its view only now: `--version` must start fast. */
  run(typed: Typed, execution: Execution): Promise<void>;
}
