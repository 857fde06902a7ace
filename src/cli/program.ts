import { Command, CommanderError, Option } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { orderArguments } from './argument-order.js';
import { defaults } from '../config/names.js';
import { commandNamed, commands } from './commands/all.js';
import type { CommandDefinition, Typed } from './commands/definition.js';
import { epilogue, programEpilogue } from './help.js';
import { collectOptions } from './known-options.js';
import { type Given, givenOf } from './options.js';
import { usageError } from './usage-error.js';

/** A parsed command line. Its values are not checked yet. */
export interface Invocation {
  command: CommandDefinition;
  /** The connection and the common options. */
  given: Given;
  typed: Typed;
}

export interface ParseResult {
  invocation?: Invocation;
  /** Help or version, for stdout. */
  text: string;
}

/** Parses the arguments after `node script`. Throws `ConfigError` without repeating any argument. */
export function parseArguments(argv: readonly string[]): ParseResult {
  const result: ParseResult = { text: '' };
  const program = buildProgram(
    (text) => (result.text += text),
    (invocation) => (result.invocation = invocation),
  );
  const known = collectOptions(program);
  const ordered = orderArguments(argv.length === 0 ? ['--help'] : argv, known);
  try {
    program.parse(ordered.argv, { from: 'user' });
    return result;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return result;
    const command = commandNamed(ordered.command ?? '')?.name;
    throw usageError(error, { command, known, argv });
  }
}

/** Returns the command line as commander has it: what parses it, shows its help and documents it. */
export function buildProgram(
  write: (text: string) => void,
  found: (invocation: Invocation) => void,
): Command {
  const program = new Command('chbackup')
    .description('Scheduled full and incremental ClickHouse backups through clickhouse-backup.')
    .version(manifest.version)
    .helpCommand(false)
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => undefined, outputError: () => undefined })
    .addHelpText('after', programEpilogue);
  for (const definition of commands) addCommand(program, definition, found);
  return program;
}

function addCommand(
  program: Command,
  definition: CommandDefinition,
  found: (invocation: Invocation) => void,
): void {
  const { name, summary, description, examples } = definition;
  const own = definition.arguments ?? [];
  const command = program.command(name).summary(summary).description(description);
  for (const argument of own) command.argument(argument.name, argument.description);
  for (const { flags, description: text, repeatable = false } of definition.options ?? []) {
    if (repeatable) command.option(flags, text, collect);
    else command.option(flags, text);
  }
  if (definition.canUseBinary) {
    command
      .option('--binary', 'run the local clickhouse-backup program instead of using an API')
      .option('--binary-path <path>', 'path to clickhouse-backup (implies --binary)');
  }
  connect(command, definition)
    .addHelpText('after', epilogue(examples, { pings: definition.monitoring !== undefined }))
    .action(() => {
      const typed = { arguments: command.args.slice(0, own.length), options: command.opts() };
      found({ command: definition, given: givenOf(command), typed });
    });
}

/** Adds the arguments of the connection and the options that all commands have. */
function connect(
  command: Command,
  { canUseCluster, defaultWait: wait }: CommandDefinition,
): Command {
  const forms = 'API server: name, name:port (7171), http://…, https://…, [IPv6]';
  const host = canUseCluster ? `${forms}; or a cluster, in quotes: 'ch-{1..3}{a|b}'` : forms;
  return command
    .argument('[host]', host)
    .argument('[user]', 'api.username of the server')
    .argument('[password]', 'api.password of the server')
    .option('--log-dir <dir>', `log and state files (default: ${defaults.logDir})`)
    .option(
      '--wait <time>',
      `how long to wait in total for a busy server or another chbackup; 0: fail at once (default: ${wait})`,
    )
    .option(
      '--timeout <time>',
      `give up on an operation (create, upload, …) after this long (default: ${defaults.timeout})`,
    )
    .option(
      '--connect-timeout <time>',
      `give up once the server has been unreachable this long (default: ${defaults.connectTimeout})`,
    )
    .option('--ca-file <file>', 'PEM file of the CA to trust, for https')
    .option('--cert-file <file>', 'client certificate, PEM, if the server requires one')
    .option(
      '--key-file <file>',
      'private key of the client certificate, PEM, if it is in another file',
    )
    .option('--insecure', "do not verify the server's certificate, for https")
    .option('--json', 'print results as JSON on stdout, warnings and errors as JSON on stderr')
    .option('-q, --quiet', 'print only warnings and errors')
    .option('-v, --verbose', 'also print each step and request')
    .option('--settings <file>', 'settings file (default: .env in the working directory)')
    .addOption(new Option('--env-file <file>').hideHelp())
    .option('--no-color', 'do not color the output');
}

function collect(name: string, names: string[] = []): string[] {
  return [...names, name];
}
