import { Command, type CommanderError } from 'commander';
import { tooManyLookExpanded } from '../config/expanded-host.js';
import { ConfigError } from '../errors.js';
import { commands } from './commands/all.js';
import type { KnownOptions } from './known-options.js';

export interface UsageErrorOptions {
  /** The name of the command, if it is known. */
  command: string | undefined;
  known: KnownOptions;
  argv: readonly string[];
}

/**
 * Returns the error for what commander found wrong. Names only commands and options of chbackup:
 * commander's own messages repeat what was typed, and any argument may be a password.
 */
export function usageError(error: CommanderError, options: UsageErrorOptions): ConfigError {
  const { command, argv } = options;
  const see = `see chbackup ${command === undefined ? '' : `${command} `}--help`;
  switch (error.code) {
    case 'commander.help':
      return noCommand();
    case 'commander.unknownCommand':
      return unknownCommand(error, argv);
    case 'commander.unknownOption':
      return unknownOption(error, options, see);
    case 'commander.excessArguments':
      return isExpanded(argv)
        ? expandedHost()
        : new ConfigError('too many arguments', { hint: see });
    case 'commander.optionMissingArgument':
    case 'commander.missingArgument':
      return new ConfigError(error.message.replace(/^error: /, '').replaceAll("'", ''), {
        hint: see,
      });
    default:
      return new ConfigError('invalid command line', { hint: see });
  }
}

/** Returns true if the arguments after the command look like the hosts of unquoted braces. */
function isExpanded(argv: readonly string[]): boolean {
  const [, ...given] = argv.filter((argument) => !argument.startsWith('-'));
  return tooManyLookExpanded(given);
}

/** Returns the error for a notation of several hosts that the shell has expanded into arguments. */
export function expandedHost(): ConfigError {
  return new ConfigError(
    'the arguments look like several hosts, as if the shell had expanded braces',
    {
      hint: "put the hosts in quotes, as in 'ch-{1..3}'; if the second one is the user, give it as CHBACKUP_USER",
    },
  );
}

const noCommand = () => new ConfigError('no command given', { hint: 'see chbackup --help' });

function unknownCommand(error: CommanderError, argv: readonly string[]): ConfigError {
  const similar = suggestionIn(error);
  const startsWithOption = argv[0]?.startsWith('-') === true;
  const later = startsWithOption ? undefined : commands.find(({ name }) => argv.includes(name));
  const hint =
    (similar !== '' && `did you mean ${similar}? `) ||
    (later !== undefined && `the command comes before the host: chbackup ${later.name} HOST; `) ||
    '';
  return new ConfigError('unknown command', { hint: `${hint}see chbackup --help` });
}

const connection = ['--host', '--user', '--password'];

function unknownOption(
  error: CommanderError,
  { command, known }: UsageErrorOptions,
  see: string,
): ConfigError {
  const typed = /^error: unknown option '([^'=]*)/.exec(error.message)?.[1] ?? '';
  const option = known.get(typed);
  if (option !== undefined) {
    if (command === undefined) return noCommand();
    const owners = option.commands.length === 0 ? 'chbackup itself' : inWords(option.commands);
    return new ConfigError(`${typed} is an option of ${owners}, not of ${command}`, { hint: see });
  }
  if (connection.includes(typed)) {
    return new ConfigError(`${typed} is not an option`, {
      hint: `host, user and password are arguments, in this order; better, set CHBACKUP_USER and CHBACKUP_PASSWORD_FILE; ${see}`,
    });
  }
  const similar = findSimilar(typed, command, known) || suggestionIn(error);
  return new ConfigError('unknown option', {
    hint:
      similar === ''
        ? `a password that begins with a dash goes into CHBACKUP_PASSWORD_FILE, or after --; ${see}`
        : `did you mean ${similar}? ${see}`,
  });
}

/** Returns the option that resembles what was typed, with its commands if it belongs to others. */
function findSimilar(typed: string, command: string | undefined, known: KnownOptions): string {
  const all = new Command()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, outputError: () => undefined });
  for (const form of known.keys()) if (form.startsWith('--')) all.option(form);
  try {
    all.parse([typed], { from: 'user' });
    return '';
  } catch (error) {
    const similar = suggestionIn(error as CommanderError);
    const { commands: owners = [] } = known.get(similar) ?? {};
    const isElsewhere = command !== undefined && owners.length > 0 && !owners.includes(command);
    return !isElsewhere ? similar : `${similar}, an option of ${inWords(owners)}`;
  }
}

/** Returns commander's suggestion, which is always one of chbackup's own options or commands. */
function suggestionIn({ message }: CommanderError): string {
  return /\(Did you mean (?:one of )?([a-z, -]+)\?\)$/.exec(message)?.[1] ?? '';
}

function inWords(names: readonly string[]): string {
  const [last = '', ...others] = [...names].reverse();
  return others.length === 0 ? last : `${others.reverse().join(', ')} and ${last}`;
}
