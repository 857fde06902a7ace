import { commandNamed } from './commands/all.js';
import type { KnownOptions } from './known-options.js';

/** The arguments, in the order in which commander reads them. */
export interface OrderedArguments {
  /** The command as typed; undefined if there is none. */
  command: string | undefined;
  argv: readonly string[];
}

/**
 * Moves the options that stand before the command behind it, and turns `help COMMAND` into
 * `COMMAND --help`.
 */
export function orderArguments(argv: readonly string[], known: KnownOptions): OrderedArguments {
  const at = findCommand(argv, known);
  const command = argv[at];
  const before = argv.slice(0, at);
  if (command === undefined || before.some((typed) => typed === '--version' || typed === '-V')) {
    return { command: undefined, argv: before };
  }
  const after = argv.slice(at + 1);
  if (command === 'help') return orderHelp(after);
  return { command, argv: fromBashAgent(command, before, after) };
}

function findCommand(argv: readonly string[], known: KnownOptions): number {
  let at = 0;
  while (at < argv.length) {
    const typed = argv[at] ?? '';
    if (typed === '--' || !typed.startsWith('-') || typed === '-') break;
    at += known.get(typed)?.takesValue === true ? 2 : 1;
  }
  return at;
}

function orderHelp([command, ...rest]: readonly string[]): OrderedArguments {
  if (command === undefined || command.startsWith('-') || command === 'help') {
    return { command: undefined, argv: ['--help'] };
  }
  if (commandNamed(command) === undefined) return { command, argv: [command] };
  return { command, argv: fromBashAgent(command, [], [...rest, '--help']) };
}

/** Accepts the bash agent's `create_diff_backup HOST USER PASSWORD`; its password may begin with a dash. */
function fromBashAgent(
  typed: string,
  before: readonly string[],
  after: readonly string[],
): readonly string[] {
  const { name, agentName } = commandNamed(typed) ?? {};
  if (name === undefined || agentName !== typed) return [typed, ...before, ...after];
  const [host = '-', user = '-'] = after;
  const plain = after.length === 3 && !host.startsWith('-') && !user.startsWith('-');
  return plain ? [name, ...before, '--', ...after] : [name, ...before, ...after];
}
