import { exitCodes } from '../errors.js';

const meanings: Record<keyof typeof exitCodes, string> = {
  done: 'done and proven',
  failed: 'it failed, or success could not be proven',
  usage: 'usage or configuration',
  partial: 'some of several failed',
  notFound: 'no such backup or table',
  busy: 'busy or locked past --wait',
  refused: 'credentials refused',
  unreachable: 'server unreachable, or ClickHouse behind it',
  timedOut: 'timed out; the server may still be working',
  interrupted: 'stopped by SIGINT',
  terminated: 'stopped by SIGTERM',
};

const exitCodeHelp = [
  'Exit codes:',
  ...Object.entries(exitCodes).map(([name, code]) => {
    return `  ${String(code).padEnd(4)} ${meanings[name as keyof typeof exitCodes]}`;
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

function epilogue(examples: string[]): string {
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

const createFull = {
  summary: 'make, upload and prove a full backup',
  description:
    'Makes a full backup, uploads it, proves that it is on the remote storage and records it.',
  epilogue: epilogue([
    'chbackup create-full clickhouse-backup-api',
    'chbackup create-full https://ch1.example.org:7171 --ca-file /etc/ssl/own-ca.pem',
    '30 20 * * 6  chbackup create-full clickhouse-backup-api    # in a crontab',
  ]),
};

const createDiff = {
  summary: 'the same for an increment on the last proven backup',
  description:
    'Makes a backup and uploads what changed since the last proven backup of any kind; proves and records it.',
  epilogue: epilogue([
    'chbackup create-diff clickhouse-backup-api',
    'chbackup create-diff clickhouse-backup-api --without-base fail',
    '0 * * * 0-5  chbackup create-diff clickhouse-backup-api    # in a crontab',
  ]),
};

const list = {
  summary: 'show backups, increments under the backup that they need',
  description:
    'Shows the backups at both locations: chains as trees, age, size, the last backup, and what cannot be restored and why.',
  epilogue: epilogue([
    'chbackup list clickhouse-backup-api',
    'chbackup list clickhouse-backup-api --location remote --json',
    'chbackup list --binary',
  ]),
};

const deletion = (location: 'remote' | 'local') => ({
  summary: `delete ${location} backups by plan`,
  description: [
    `Deletes ${location} backups, one after the other, increments before their bases.`,
    'Say which: --all, --name, --keep, --older-than or --broken.',
    'What a kept backup needs is kept.',
  ].join(' '),
  epilogue: epilogue([
    `chbackup delete-${location} clickhouse-backup-api --keep 48 --dry-run`,
    `chbackup delete-${location} clickhouse-backup-api --older-than 30d --yes`,
    `chbackup delete-${location} clickhouse-backup-api --name FULL_CH_BK_2026-01-03_20-30-00`,
  ]),
});

const restore = {
  summary: 'bring back one table from a backup',
  description: [
    'Brings back the rows of one table; downloads the backup first if it is not on the server.',
    'The table must exist and be empty, unless --schema, --into or --append say otherwise.',
  ].join(' '),
  epilogue: epilogue([
    'chbackup restore-table latest shop.orders clickhouse-backup-api',
    'chbackup restore-table latest shop.orders clickhouse-backup-api --into shop_old.orders',
    'chbackup restore-table FULL_CH_BK_2026-01-03_20-30-00 shop.orders ch1 --schema --yes',
  ]),
};

export const commands = {
  'create-full': createFull,
  'create-diff': createDiff,
  list,
  'delete-remote': deletion('remote'),
  'delete-local': deletion('local'),
  'restore-table': restore,
};
