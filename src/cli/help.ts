import { exitCodeMeanings, exitCodes } from '../errors.js';

const exitCodeHelp = [
  'Exit codes:',
  ...Object.entries(exitCodes).map(([name, code]) => {
    return `  ${String(code).padEnd(4)} ${exitCodeMeanings[name as keyof typeof exitCodes]}`;
  }),
].join('\n');

const settingsHelp = `User and password may also come from CHBACKUP_USER and CHBACKUP_PASSWORD, or from
files that CHBACKUP_USER_FILE and CHBACKUP_PASSWORD_FILE name. Every connection and
common option has such a variable (--log-dir: CHBACKUP_LOG_DIR); an argument or option
wins over the variable, the variable over the file .env.`;

const filesHelp = `Files in the log directory (HOST: the host's name, with _PORT if it is not 7171):
  HOST_backup_ch.log   the server's answers and errors; rotate it with logrotate
  .HOST_last_backup    the name of the last proven backup: the base of the next DIFF
  .HOST_run.json       what an unfinished run has begun; the next run settles it
  .HOST_lock           held while a chbackup works for this host
  .given_names         names given out, so that none is given twice`;

/** What stands below the options of each command. */
export function epilogue(examples: readonly string[]): string {
  return [
    '',
    'Examples:',
    ...examples.map((line) => `  ${line}`),
    '',
    settingsHelp,
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
  '  chbackup list clickhouse-backup-api',
  '  chbackup delete-remote clickhouse-backup-api --keep 48 --dry-run',
  '  chbackup restore-table latest shop.orders clickhouse-backup-api',
  '',
  'chbackup COMMAND --help tells more of each.',
  '',
  exitCodeHelp,
].join('\n');
