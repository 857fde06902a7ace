import { exitCodeMeanings, exitCodes } from '../errors.js';

const exitCodeHelp = [
  'Exit codes:',
  ...Object.entries(exitCodes).map(([name, code]) => {
    return `  ${String(code).padEnd(4)} ${exitCodeMeanings[name as keyof typeof exitCodes]}`;
  }),
].join('\n');

const settingsHelp = `Each connection and common option has an environment variable (for example,
CHBACKUP_LOG_DIR for --log-dir). For user and password, set CHBACKUP_USER and
CHBACKUP_PASSWORD, or CHBACKUP_USER_FILE and CHBACKUP_PASSWORD_FILE, which name files
that contain them. Precedence, highest first: command line, environment variable,
settings file (--settings or .env), default.`;

const filesHelp = `Files in the log directory (HOST: the host name, with _PORT if it is not 7171):
  HOST_backup_ch.log   responses of the server, and errors; rotate it with logrotate
  .HOST_last_backup    name of the last verified backup: the base of the next DIFF
  .HOST_run.json       journal of an unfinished run; the next run recovers from it
  .HOST_status.json    last run of each command and last success, as JSON
  .HOST_lock           lock (flock) held while chbackup works on this host
  .given_names         names used so far and when, so that none is used twice`;

const pingHelp = `To send pings when the command starts and ends, for example to healthchecks.io, set
CHBACKUP_PING_URL, or CHBACKUP_PING_URL_FILE, which names a file that contains the URL.`;

/** Returns the text below the options of a command's help. */
export function epilogue(examples: readonly string[], { pings }: { pings: boolean }): string {
  return [
    '',
    'Examples:',
    ...examples.map((line) => `  ${line}`),
    '',
    settingsHelp,
    ...(pings ? ['', pingHelp] : []),
    '',
    filesHelp,
    '',
    exitCodeHelp,
  ].join('\n');
}

export const programEpilogue = [
  '',
  'Examples:',
  '  chbackup create-full clickhouse-backup-api rlAPIuser Pass123',
  '  chbackup create-diff clickhouse-backup-api',
  '  chbackup check clickhouse-backup-api',
  '  chbackup list clickhouse-backup-api',
  '  chbackup delete-remote clickhouse-backup-api --keep 48 --dry-run',
  '  chbackup restore-table latest shop.orders clickhouse-backup-api',
  '',
  'Run chbackup COMMAND --help or chbackup help COMMAND for details.',
  '',
  exitCodeHelp,
].join('\n');
