import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { type Harness, test } from '../support/harness.js';

interface BadInput {
  what: string;
  /** The arguments; `HOST` is replaced by the server's host. */
  argv?: string[];
  env?: Record<string, string>;
  files?: Record<string, string | Buffer>;
  folders?: string[];
  /** The expected message: what is wrong, and in parentheses what to do. */
  says: RegExp;
}

const host = (text: string): Pick<BadInput, 'argv'> => ({ argv: ['create-full', text] });
const option = (...more: string[]): Pick<BadInput, 'argv'> => ({
  argv: ['create-full', 'HOST', ...more],
});
const tlsFile = (name: string) => path.resolve(import.meta.dirname, '../support/tls', name);
const ownCa = tlsFile('ca.pem');
const clientPem = tlsFile('client.pem');
const clientKey = readFileSync(tlsFile('client.key'), 'utf8');
const keyBody = clientKey.split('\n')[1] ?? '';
const how = /\(write it as name, name:port, .*\)/;

const badInputs: BadInput[] = [
  {
    what: 'options without a command',
    argv: ['--quiet', '--wait', '5m'],
    says: /no command given \(see chbackup --help\)/,
  },
  { what: 'an unknown command', argv: ['backup', 'HOST'], says: /unknown command \(.*--help\)/ },
  {
    what: 'a misspelled command',
    argv: ['create-ful', 'HOST'],
    says: /unknown command \(did you mean create-full\? see chbackup --help\)/,
  },
  {
    what: 'a misspelled command for help',
    argv: ['help', 'creat-diff'],
    says: /unknown command \(did you mean create-diff\? see chbackup --help\)/,
  },
  {
    what: 'a host before the command',
    argv: ['HOST', 'list'],
    says: /unknown command \(the command comes before the host: chbackup list HOST; see/,
  },
  {
    what: 'an option of several other commands',
    ...option('--yes'),
    says: /--yes is an option of delete-remote, delete-local and restore-table, not of create-full \(see/,
  },
  {
    what: 'an option of another command before the command',
    argv: ['--keep', '3', 'create-full', 'HOST'],
    says: /--keep is an option of delete-remote and delete-local, not of create-full \(see/,
  },
  {
    what: 'a short option of another command',
    ...option('-n'),
    says: /-n is an option of delete-remote and delete-local, not of create-full \(see/,
  },
  {
    what: 'a misspelled option of another command, with a value',
    ...option('--kepe=geheim'),
    says: /unknown option \(did you mean --keep, an option of delete-remote and delete-local\? see/,
  },
  {
    what: 'a misspelled option before the command',
    argv: ['--jsno', 'list', 'HOST'],
    says: /unknown option \(did you mean --json\? see chbackup list --help\)/,
  },
  {
    what: 'a password as an option',
    ...option('--user', 'u', '--password', 'geheim'),
    says: /--user is not an option \(host, user and password are arguments, in this order; /,
  },
  {
    what: 'both names of the settings file',
    ...option('--settings', 'a', '--env-file', 'b'),
    says: /both --settings and --env-file are given \(keep one of them\)/,
  },
  {
    what: 'both variables of the settings file',
    ...option(),
    env: { CHBACKUP_SETTINGS: 'a', CHBACKUP_ENV_FILE: 'b' },
    says: /both CHBACKUP_SETTINGS and CHBACKUP_ENV_FILE are set \(keep one of them\)/,
  },
  {
    what: 'an unknown option',
    ...option('--wiat', '5m'),
    says: /unknown option \(did you mean --wait\? see chbackup create-full --help\)/,
  },
  {
    what: 'a password that begins with a dash',
    ...option('rlAPIuser', '-geheim'),
    says: /unknown option \(a password that begins with a dash goes into CHBACKUP_PASSWORD_FILE, or after --; /,
  },
  {
    what: 'too many arguments',
    ...option('user', 'password', 'more'),
    says: /too many arguments \(see chbackup create-full --help\)/,
  },
  {
    what: 'too many arguments in the form of clickhouse-backup-agent',
    argv: ['create_full_backup', 'HOST', 'user', 'password', 'more'],
    says: /too many arguments \(see chbackup create-full --help\)/,
  },
  {
    what: 'an option without its value',
    ...option('--wait'),
    says: /option --wait <time> argument missing \(see/,
  },
  {
    what: "another command's option",
    ...option('--without-base', 'fail'),
    says: /--without-base is an option of create-diff, not of create-full \(see chbackup create-full --help\)/,
  },
  { what: 'no host', argv: ['create-diff'], says: /no host given \(give the API server as/ },
  { what: 'an empty host', ...host(''), says: new RegExp(`the host is empty ${how.source}`) },
  { what: 'a blank host', ...host('  '), says: /the host is empty \(/ },
  {
    what: 'a host with credentials',
    ...host('user:geheim@clickhouse'),
    says: /the host must not contain credentials \(give user and password as separate arguments/,
  },
  {
    what: 'a URL with credentials',
    ...host('http://user:geheim@clickhouse:7171'),
    says: /the host must not contain credentials \(/,
  },
  {
    what: 'a URL with a path',
    ...host('http://clickhouse/backup'),
    says: new RegExp(`the host must not contain a path or query ${how.source}`),
  },
  {
    what: 'a host with a query',
    ...host('clickhouse?user=u&pass=geheim'),
    says: /the host must not contain a path or query \(/,
  },
  {
    what: 'another scheme',
    ...host('ftp://clickhouse'),
    says: new RegExp(`invalid host ${how.source}`),
  },
  {
    what: 'port 0',
    ...host('clickhouse:0'),
    says: /the port of the host is out of range \(give a port from 1 to 65535\)/,
  },
  {
    what: 'port 65536',
    ...host('clickhouse:65536'),
    says: /the port of the host is out of range \(/,
  },
  {
    what: 'a port that is not a number',
    ...host('clickhouse:http'),
    says: /invalid host \(write it as name, /,
  },
  {
    what: 'a colon without a port',
    ...host('clickhouse:'),
    says: /invalid host \(write it as name, /,
  },
  {
    what: 'IPv6 without brackets',
    ...host('::1'),
    says: /invalid host \(write it as name, /,
  },
  {
    what: 'an open bracket',
    ...host('[::1'),
    says: /invalid host \(write it as name, /,
  },
  {
    what: 'an invalid address in brackets',
    ...host('[1:2]'),
    says: /invalid host \(write it as name, /,
  },
  {
    what: 'two hosts, one of them not valid',
    ...host('one,two words'),
    says: /the host list is not valid at character \d+: a space is not allowed/,
  },
  {
    what: 'several hosts for a command that works on one',
    argv: ['restore-table', 'latest', 'shop.orders', 'one,two'],
    says: /this command works on one host, and several were given \(/,
  },
  {
    what: 'a host with a space',
    ...host('one two'),
    says: /invalid host \(write it as name, /,
  },
  {
    what: 'a host with two dots',
    ...host('one..two'),
    says: /invalid host \(write it as name, /,
  },
  {
    what: 'a host with a line break',
    ...host('one\ntwo'),
    says: /invalid host \(write it as name, /,
  },
  {
    what: 'an IPv4 address with a number above 255',
    ...host('300.1.1.1'),
    says: /invalid host \(write it as name, /,
  },
  {
    what: 'a user with a colon',
    ...option('a:b', 'c'),
    says: /the user argument contains a colon .* \(choose another user name\)/,
  },
  {
    what: 'a password with a line break',
    ...option('user', 'geheim\nx'),
    says: /the password argument contains a control character .* \(check the value or its file\)/,
  },
  {
    what: 'a password and no user',
    ...option(),
    env: { CHBACKUP_PASSWORD: 'geheim' },
    says: /a password is set, but no user \(give the user as/,
  },
  {
    what: 'a wait that is not a duration',
    ...option('--wait', 'soon'),
    says: /--wait "soon" is not a duration \(write for example 90s, 30m or 6h\)/,
  },
  { what: 'a wait without a unit', ...option('--wait', '30'), says: /"30" is not a duration \(/ },
  { what: 'a wait below 0', ...option('--wait=-5m'), says: /"-5m" is not a duration \(/ },
  {
    what: 'an unknown unit after a known one',
    ...option('--wait', '1h 5x'),
    says: /"1h 5x" is not a duration \(/,
  },
  {
    what: 'a timeout of 0',
    ...option('--timeout', '0'),
    says: /--timeout "0" is not a duration above 0 \(/,
  },
  {
    what: 'a timeout of years',
    ...option('--timeout', '400d'),
    says: /--timeout "400d" is longer than the limit of 365 days \(write for example/,
  },
  {
    what: 'a wait of years',
    ...option('--wait', '400d'),
    says: /--wait "400d" is longer than the limit of 365 days \(write for example/,
  },
  {
    what: 'an age of years',
    argv: ['delete-remote', 'HOST', '--older-than', '10y'],
    says: /--older-than "10y" is longer than the limit of 365 days \(/,
  },
  {
    what: 'a backup name that may be a password',
    argv: ['restore-table', 'geheim geheim', 'a.b', 'HOST'],
    says: /the backup argument is not a valid backup name \(/,
  },
  {
    what: 'a table name that may be a password',
    argv: ['restore-table', 'HOST', 'geheim', 'latest', 'a.b'],
    says: /the table argument must be written database\.table \(/,
  },
  {
    what: 'a connect timeout that is not a duration',
    ...option(),
    env: { CHBACKUP_CONNECT_TIMEOUT: 'never' },
    says: /CHBACKUP_CONNECT_TIMEOUT "never" is not a duration \(/,
  },
  {
    what: 'an unknown value of --base',
    argv: ['create-diff', 'HOST', '--base', 'first'],
    says: /--base "first" must be last or full \(with full, an increment is based on/,
  },
  ...['0', '-1', '1.5', 'ten', '', '1e3', '9999999999'].map((value) => ({
    what: `--max-chain ${JSON.stringify(value)}`,
    argv: ['create-diff', 'HOST', `--max-chain=${value}`],
    says: /--max-chain ".*" is not a whole number of at least 1 \(give the number of increments/,
  })),
  {
    what: '--find-base for a full backup',
    argv: ['create-full', 'HOST', '--find-base'],
    says: /--find-base is an option of create-diff, not of create-full/,
  },
  {
    what: 'an unknown value of --without-base',
    argv: ['create-diff', 'HOST', '--without-base', 'maybe'],
    says: /--without-base "maybe" must be full or fail \(with full, a full backup/,
  },
  {
    what: 'a flag that is neither true nor false',
    ...option(),
    env: { CHBACKUP_JSON: 'maybe' },
    says: /CHBACKUP_JSON "maybe" must be true or false \(1, yes and on also mean true/,
  },
  {
    what: 'quiet and verbose',
    ...option('--quiet', '--verbose'),
    says: /--quiet and --verbose contradict each other \(choose one\)/,
  },
  {
    what: 'an empty log directory',
    ...option('--log-dir', ''),
    says: /--log-dir "" is not a path \(give a directory or file\)/,
  },
  {
    what: 'a log directory that is a file',
    ...option('--log-dir', 'a-file'),
    files: { 'a-file': '' },
    says: /cannot create \S+a-file: the file exists already \(check the path of the log directory, or pass another/,
  },
  {
    what: 'a missing CA file',
    ...option('--ca-file', 'no-such-file'),
    says: /the CA file no-such-file cannot be read: no such file or directory \(check --ca-file\)/,
  },
  {
    what: 'a CA file without a certificate',
    ...option('--ca-file', 'ca.pem'),
    files: { 'ca.pem': 'hello' },
    says: /the CA file ca\.pem contains no readable certificate \(give a PEM file/,
  },
  {
    what: 'a CA file with an invalid certificate',
    ...option('--ca-file', 'ca.pem'),
    files: { 'ca.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
    says: /the CA file ca\.pem contains no readable certificate \(give a PEM file/,
  },
  {
    what: 'a CA file for a host without https',
    ...option('--ca-file', 'ca.pem'),
    files: { 'ca.pem': readFileSync(ownCa, 'utf8') },
    says: /--ca-file requires https, but the host uses http \(write the host as https:\/\/NAME\)/,
  },
  {
    what: 'a client certificate for a host without https',
    ...option('--cert-file', clientPem, '--key-file', 'client.key'),
    files: { 'client.key': clientKey },
    says: /--cert-file requires https, but the host uses http \(write the host as https:/,
  },
  {
    what: 'a private key without a certificate',
    ...option('--key-file', 'client.key'),
    says: /--key-file is set, but no certificate is given \(give the certificate with --cert-file/,
  },
  {
    what: 'a private key without a certificate, in a variable',
    ...option(),
    env: { CHBACKUP_KEY_FILE: 'client.key' },
    says: /CHBACKUP_KEY_FILE is set, but no certificate is given \(/,
  },
  {
    what: 'a certificate without a private key',
    ...option('--cert-file', clientPem),
    says: /the certificate file \S+client\.pem contains no private key \(pass the file of its private key with --key-file\)/,
  },
  {
    what: 'a missing certificate file',
    ...option('--cert-file', 'no-such-file'),
    says: /the certificate file no-such-file cannot be read: no such file or directory \(check --cert-file\)/,
  },
  {
    what: 'a certificate file that is a directory',
    ...option('--cert-file', 'folder'),
    folders: ['folder'],
    says: /the certificate file folder cannot be read: it is a directory \(check --cert-file\)/,
  },
  {
    what: 'a certificate file without a certificate',
    ...option('--cert-file', 'client.key'),
    files: { 'client.key': clientKey },
    says: /the certificate file client\.key contains no readable certificate \(give a PEM file/,
  },
  {
    what: 'a missing key file',
    ...option('--cert-file', clientPem, '--key-file', 'no-such-file'),
    says: /the key file no-such-file cannot be read: no such file or directory \(check --key-file\)/,
  },
  {
    what: 'a key file without a key',
    ...option('--cert-file', clientPem, '--key-file', ownCa),
    says: /the key file \S+ca\.pem contains no private key \(give a PEM file with -----BEGIN PRIVATE KEY-----\)/,
  },
  {
    what: 'a corrupt key file',
    ...option('--cert-file', clientPem, '--key-file', 'client.key'),
    files: { 'client.key': clientKey.replace(keyBody, keyBody.slice(8)) },
    says: /the key file client\.key contains no readable private key \(give a PEM file/,
  },
  {
    what: 'a private key with a passphrase',
    ...option('--cert-file', clientPem, '--key-file', tlsFile('client-encrypted.key')),
    says: /the private key in the key file \S+ is encrypted \(chbackup does not support passphrases; give a key without one/,
  },
  {
    what: 'a private key with a passphrase in the old format',
    ...option('--cert-file', clientPem, '--key-file', 'old.key'),
    files: {
      'old.key':
        '-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n',
    },
    says: /the private key in the key file old\.key is encrypted \(/,
  },
  {
    what: 'the private key of another certificate',
    ...option('--cert-file', clientPem, '--key-file', tlsFile('server.key')),
    says: /the certificate file \S+client\.pem does not belong to the private key in \S+server\.key \(give the key/,
  },
  {
    what: '--insecure for a host without https',
    ...option('--insecure'),
    says: /--insecure requires https, but the host uses http \(write the host as https:/,
  },
  {
    what: 'a CA file name with a line break',
    ...option('--ca-file', 'ca\n.pem'),
    says: /the CA file ca \.pem cannot be read: no such file or directory \(/,
  },
  {
    what: 'a missing settings file',
    ...option('--settings', 'no-such-file'),
    says: /the settings file \S+no-such-file cannot be read: no such file or directory \(check --settings\)/,
  },
  {
    what: 'a missing env file',
    ...option('--env-file', 'no-such-file'),
    says: /the settings file \S+no-such-file cannot be read: no such file or directory \(check --env-file/,
  },
  {
    what: 'an env file that is a directory',
    ...option(),
    env: { CHBACKUP_ENV_FILE: 'folder' },
    folders: ['folder'],
    says: /the settings file \S+folder cannot be read: it is a directory \(check CHBACKUP_ENV_FILE\)/,
  },
  {
    what: 'a bad value in .env',
    ...option(),
    files: { '.env': 'CHBACKUP_TIMEOUT=long\n' },
    says: /CHBACKUP_TIMEOUT in \.env "long" is not a duration above 0 \(/,
  },
  {
    what: 'both a password and a password file',
    ...option(),
    env: { CHBACKUP_PASSWORD: 'geheim', CHBACKUP_PASSWORD_FILE: 'password' },
    files: { password: 'geheim' },
    says: /both CHBACKUP_PASSWORD and CHBACKUP_PASSWORD_FILE are set \(keep one of them\)/,
  },
  {
    what: 'both a user and a user file',
    ...option(),
    env: { CHBACKUP_USER: 'user', CHBACKUP_USER_FILE: 'user' },
    says: /both CHBACKUP_USER and CHBACKUP_USER_FILE are set \(keep one of them\)/,
  },
  {
    what: 'a missing password file',
    ...option(),
    env: { CHBACKUP_USER: 'user', CHBACKUP_PASSWORD_FILE: 'no-such-file' },
    says: /the file named by CHBACKUP_PASSWORD_FILE cannot be read: no such file or directory \(check the path/,
  },
  {
    what: 'a password file in Latin-1',
    ...option(),
    env: { CHBACKUP_USER: 'user', CHBACKUP_PASSWORD_FILE: 'password' },
    files: { password: Buffer.from('geheim ä', 'latin1') },
    says: /the file named by CHBACKUP_PASSWORD_FILE is not UTF-8 text \(save it as UTF-8: /,
  },
  {
    what: 'a password file in UTF-16 without a byte order mark',
    ...option(),
    env: { CHBACKUP_USER: 'user', CHBACKUP_PASSWORD_FILE: 'password' },
    files: { password: Buffer.from('geheim', 'utf16le') },
    says: /CHBACKUP_PASSWORD_FILE contains a control character/,
  },
  {
    what: 'a password file that ends in a blank line',
    ...option(),
    env: { CHBACKUP_USER: 'user', CHBACKUP_PASSWORD_FILE: 'password' },
    files: { password: 'geheim\r\n\r\n' },
    says: /CHBACKUP_PASSWORD_FILE contains a control character \(a line break\?\)/,
  },
  {
    what: 'a password file with two lines',
    ...option(),
    env: { CHBACKUP_USER: 'user', CHBACKUP_PASSWORD_FILE: 'password' },
    files: { password: 'geheim\nand more\n' },
    says: /CHBACKUP_PASSWORD_FILE contains a control character \(a line break\?\)/,
  },
];

async function runBad(harness: Harness, bad: BadInput, ...more: string[]) {
  for (const folder of bad.folders ?? []) mkdirSync(path.join(harness.folder, folder));
  for (const [name, text] of Object.entries(bad.files ?? {})) {
    writeFileSync(path.join(harness.folder, name), text);
  }
  harness.env = bad.env ?? {};
  const before = readdirSync(harness.folder, { recursive: true });
  const argv = (bad.argv ?? []).map((word) => (word === 'HOST' ? harness.host : word));
  const result = await harness.startRaw([...argv, ...more]).done;
  expect(readdirSync(harness.folder, { recursive: true })).toEqual(before);
  expect(existsSync(harness.logDir)).toBe(false);
  expect(harness.requests()).toEqual([]);
  expect(result.stdout).toBe('');
  expect(result.stderr).not.toContain('geheim');
  expect(result.stderr).not.toContain(keyBody.slice(8, 24));
  return result;
}

test('there are at least 40 bad inputs', () => {
  expect(badInputs.length).toBeGreaterThanOrEqual(40);
});

describe.for(badInputs)('$what', (bad) => {
  test('exits with 2 and one line that says what to do, before any request or file', async ({
    harness,
  }) => {
    const { code, stderr } = await runBad(harness, bad);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (\S+ )?::::\[ERROR\] [^\n]+ \(.*\)\n$/);
    expect(stderr).toMatch(bad.says);
  });
});

test('prints the error as JSON with --json', async ({ harness }) => {
  const bad = badInputs.find(({ what }) => what === 'a wait without a unit');
  const { code, stderr } = await runBad(harness, bad ?? { what: '', says: /./ }, '--json');
  expect(code).toBe(2);
  expect(JSON.parse(stderr)).toEqual({
    time: '2026-11-22 10:00:00',
    level: 'error',
    error: 'ConfigError',
    message: '--wait "30" is not a duration',
    hint: 'write for example 90s, 30m or 6h',
    exitCode: 2,
  });
});
