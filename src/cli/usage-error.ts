import type { CommanderError } from 'commander';
import { ConfigError } from '../errors.js';

/**
 * What commander found wrong, in our words: its own repeat what was typed, and a password may have
 * been typed anywhere.
 */
export function usageError(error: CommanderError, command: string): ConfigError {
  const see = `see chbackup ${command === '' ? '' : `${command} `}--help`;
  switch (error.code) {
    case 'commander.help':
      return new ConfigError('no command given', { hint: 'see chbackup --help' });
    case 'commander.unknownCommand':
      return new ConfigError('unknown command', {
        hint: `${suggestion(error.message)}see chbackup --help`,
      });
    case 'commander.unknownOption':
      return new ConfigError('unknown option', {
        hint: `${suggestion(error.message)}a password that begins with a dash goes into CHBACKUP_PASSWORD_FILE, or after --; ${see}`,
      });
    case 'commander.excessArguments':
      return new ConfigError('too many arguments', { hint: see });
    case 'commander.optionMissingArgument':
    case 'commander.missingArgument':
      return new ConfigError(error.message.replace(/^error: /, '').replaceAll("'", ''), {
        hint: see,
      });
    default:
      return new ConfigError('the command line cannot be understood', { hint: see });
  }
}

/** commander's guess names an option or command of ours, never what was typed. */
function suggestion(message: string): string {
  const match = /\(Did you mean (?:one of )?([a-z, -]+)\?\)/.exec(message);
  return match === null ? '' : `did you mean ${match[1]}? `;
}
