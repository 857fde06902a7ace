import type { CommanderError } from 'commander';
import { ConfigError } from '../errors.js';

/**
 * Returns the error for what commander found wrong. commander's own messages repeat what was typed,
 * and any argument may be a password.
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
      return new ConfigError('invalid command line', { hint: see });
  }
}

/** Returns commander's suggestion, which is always one of chbackup's own options or commands. */
function suggestion(message: string): string {
  const match = /\(Did you mean (?:one of )?([a-z, -]+)\?\)/.exec(message);
  return match === null ? '' : `did you mean ${match[1]}? `;
}
