import { Command, CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { type Given, givenOf } from './options.js';
import { commands as help, programEpilogue } from './help.js';
import { usageError } from './usage-error.js';

/** The options of a delete as typed. */
export interface DeleteOptions {
  all?: true;
  name?: string[];
  keep?: string;
  olderThan?: string;
  broken?: true;
  dryRun?: true;
  yes?: true;
}

/** The options of a restore as typed. */
export interface RestoreOptions {
  schema?: true;
  rm?: true;
  into?: string;
  append?: true;
  dropUnsavedRows?: true;
  checkReplicas: boolean;
  yes?: true;
}

/** What the command line asks for; nothing of it is checked beyond its form. */
export type Invocation = { given: Given } & (
  | { command: 'create-full' | 'create-diff' }
  | { command: 'list'; location: string | undefined }
  | { command: 'delete-remote' | 'delete-local'; options: DeleteOptions }
  | { command: 'restore-table'; backup: string; table: string; options: RestoreOptions }
);

export interface ParseResult {
  invocation?: Invocation;
  /** Help or version, for stdout. */
  text: string;
}

const aliases = new Map([
  ['create_full_backup', 'create-full'],
  ['create_diff_backup', 'create-diff'],
]);

/** Parses the arguments after `node script`. Throws `ConfigError`, which never repeats an argument. */
export function parseArguments(argv: readonly string[]): ParseResult {
  const result: ParseResult = { text: '' };
  const program = buildProgram(
    (text) => (result.text += text),
    (invocation) => (result.invocation = invocation),
  );
  try {
    program.parse(fromBashAgent(argv), { from: 'user' });
    return result;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return result;
    const typed = aliases.get(argv[0] ?? '') ?? argv[0];
    const command = program.commands.find((any) => any.name() === typed)?.name() ?? '';
    throw usageError(error, command);
  }
}

/**
 * The bash agent's own form, `create_diff_backup HOST USER PASSWORD`, is taken as it stands:
 * its password may begin with a dash.
 */
function fromBashAgent(argv: readonly string[]): readonly string[] {
  const [name = '', ...rest] = argv;
  const command = aliases.get(name);
  if (command === undefined) return argv;
  const [host = '-', user = '-'] = rest;
  const plain = rest.length === 3 && !host.startsWith('-') && !user.startsWith('-');
  return plain ? [command, '--', ...rest] : [command, ...rest];
}

function buildProgram(
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

  for (const name of ['create-full', 'create-diff'] as const) {
    const texts = help[name];
    const command = program.command(name).summary(texts.summary).description(texts.description);
    if (name === 'create-diff') {
      command.option(
        '--without-base <full|fail>',
        'without a usable base: upload in full, or fail (default: full)',
      );
    }
    connect(command, name === 'create-full' ? '6h' : '30m', texts.epilogue);
    command.action(() => found({ command: name, given: givenOf(command) }));
  }

  const list = program.command('list').summary(help.list.summary);
  list
    .description(help.list.description)
    .option('--location <local|remote>', 'one location only (default: both)');
  connectAny(list, help.list.epilogue).action(() => {
    const { location } = list.opts<{ location?: string }>();
    found({ command: 'list', given: givenOf(list), location });
  });

  for (const name of ['delete-remote', 'delete-local'] as const) {
    const command = program.command(name).summary(help[name].summary);
    command
      .description(help[name].description)
      .option('--all', 'every backup there')
      .option('--name <name>', 'this one; may be repeated', collect)
      .option('--keep <n>', 'all but the n newest and what they need')
      .option('--older-than <time>', 'those older than, say, 30d')
      .option('--broken', 'what is broken, now and in two minutes')
      .option('--dry-run', 'show the plan and delete nothing')
      .option('--yes', 'do not ask');
    connectAny(command, help[name].epilogue).action(() => {
      found({ command: name, given: givenOf(command), options: command.opts<DeleteOptions>() });
    });
  }

  const restore = program.command('restore-table').summary(help['restore-table'].summary);
  restore
    .description(help['restore-table'].description)
    .argument('<backup|latest>', 'a name that chbackup list shows, or the last backup')
    .argument('<db.table>', 'exactly one table')
    .option('--schema', 'drop the table if it exists, create it from the backup, then its data')
    .option('--rm', 'accepted with --schema, which drops the table anyway')
    .option('--drop-unsaved-rows', 'with --schema: drop a table whose rows no backup contains')
    .option('--into <db.table>', 'restore as this table instead; it must not exist')
    .option('--append', 'add the rows though the table holds data')
    .option('--no-check-replicas', 'attach although another replica is at work on the table')
    .option('--yes', 'do not ask before dropping');
  connectAny(restore, help['restore-table'].epilogue).action((backup: string, table: string) => {
    const options = restore.opts<RestoreOptions>();
    found({ command: 'restore-table', given: givenOf(restore), backup, table, options });
  });
  return program;
}

/** For commands that any engine serves. */
function connectAny(command: Command, epilogue: string): Command {
  command
    .option('--binary', 'drive the local clickhouse-backup program instead of an API')
    .option('--binary-path <path>', 'the same, and where it is');
  return connect(command, '30m', epilogue);
}

/** The connection's arguments and the options that all commands have. */
function connect(command: Command, wait: string, epilogue: string): Command {
  return command
    .argument('[host]', 'API server: name, name:port (7171), http://…, https://…, [IPv6]')
    .argument('[user]', 'api.username of the server')
    .argument('[password]', 'api.password of the server')
    .option('--log-dir <dir>', 'log and state files (default: /var/log/clickhouse-backup)')
    .option('--wait <time>', `for a busy server or another chbackup (default: ${wait})`)
    .option('--timeout <time>', 'the longest that one operation may take (default: 24h)')
    .option('--connect-timeout <time>', 'how long a server may not answer (default: 60s)')
    .option('--ca-file <file>', 'PEM file of the CA to trust, for https')
    .option('--cert-file <file>', 'client certificate, PEM, if the server requires one')
    .option('--key-file <file>', 'its private key, PEM, if it is not in that file')
    .option('--insecure', 'accept any certificate, for https')
    .option('--json', 'answer as JSON on stdout, warnings and errors as JSON on stderr')
    .option('--quiet', 'only warnings and errors')
    .option('--verbose', 'every step and request')
    .option('--env-file <file>', 'settings file (default: .env in the working directory)')
    .option('--no-color', 'no colours')
    .addHelpText('after', epilogue);
}

function collect(name: string, names: string[] = []): string[] {
  return [...names, name];
}
