import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { type Harness, secret, test } from '../support/harness.js';

const certificates = path.resolve(import.meta.dirname, '../support/tls');
const tls = {
  key: readFileSync(path.join(certificates, 'server.key'), 'utf8'),
  cert: readFileSync(path.join(certificates, 'server.pem'), 'utf8'),
};
const caFile = path.join(certificates, 'ca.pem');
const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

/** Returns the different `user:password` texts in the requests that the server received. */
function sent({ simulator }: Harness): string[] {
  const headers = new Set(simulator.requests.map(({ authorization }) => authorization ?? ''));
  return [...headers].map((header) =>
    Buffer.from(header.replace('Basic ', ''), 'base64').toString(),
  );
}

function put(harness: Harness, name: string, text: string): string {
  mkdirSync(harness.folder, { recursive: true });
  writeFileSync(path.join(harness.folder, name), text);
  return name;
}

describe('the host', () => {
  test('may have a port, which becomes part of the file names', async ({ harness }) => {
    const port = harness.host.split(':')[1];
    const { code } = await harness.startRaw([
      'create-full',
      `localhost:${port}`,
      'rlAPIuser',
      secret,
    ]).done;
    expect(code).toBe(0);
    expect(harness.files).toEqual([
      '.given_names',
      `.localhost_${port}_last_backup`,
      `.localhost_${port}_status.json`,
      `localhost_${port}_backup_ch.log`,
    ]);
    expect(harness.file(`.localhost_${port}_last_backup`)).toMatch(/^FULL_/);
  });

  test('may begin with http://', async ({ harness }) => {
    const { code } = await harness.startRaw([
      'create-full',
      `http://${harness.host}`,
      'rlAPIuser',
      secret,
    ]).done;
    expect(code).toBe(0);
    expect(harness.lastBackup).toMatch(/^FULL_/);
  });

  test.skipIf(!hasIPv6)('may be an IPv6 address in brackets (needs ::1)', async ({ harnessOf }) => {
    const harness = await harnessOf({}, { host: '::1' });
    expect(harness.host).toMatch(/^\[::1\]:\d+$/);
    expect((await harness.run('create-full')).code).toBe(0);
    expect(harness.lastBackup).toMatch(/^FULL_/);
  });

  test.for(['127.0.0.1', ...(hasIPv6 ? ['::1'] : [])])(
    'may use https with its own CA: %s',
    async (host, { harnessOf }) => {
      const harness = await harnessOf({}, { tls, host });
      expect((await harness.run('create-full', '--ca-file', caFile)).code).toBe(0);
      harness.env = { CHBACKUP_CA_FILE: caFile };
      expect((await harness.run('create-diff')).code).toBe(0);
    },
  );

  test('leads to exit 13 at once and a hint to --ca-file if its CA is not trusted', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({}, { tls });
    const startMs = harness.clock.elapsed();
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(13);
    expect(stderr).toMatch(
      /does not answer: .*certificate.*\(check the certificate, or pass its CA with --ca-file/,
    );
    expect(harness.clock.elapsed()).toBe(startMs);
    expect(harness.requests()).toEqual([]);
  });

  test.skipIf(process.platform !== 'linux')(
    'leads to exit 13 at once if its certificate is for another name (needs 127.0.0.2)',
    async ({ harnessOf }) => {
      const harness = await harnessOf({}, { tls, host: '127.0.0.2' });
      const { code, stderr } = await harness.run('create-full', '--ca-file', caFile);
      expect(code).toBe(13);
      expect(stderr).toContain('(use a host name that is in the certificate)');
      expect(harness.requests()).toEqual([]);
    },
  );

  test('may have any certificate with --insecure', async ({ harnessOf }) => {
    const harness = await harnessOf({}, { tls });
    expect((await harness.run('create-full', '--insecure')).code).toBe(0);
  });

  test('leads to exit 13 at once if it is https and the server only supports http', async ({
    harness,
  }) => {
    const startMs = harness.clock.elapsed();
    const { done } = harness.startRaw(['create-full', `https://${harness.host}`, 'u', secret]);
    const { code, stderr } = await done;
    expect(code).toBe(13);
    expect(stderr).toContain('the server does not speak TLS (write http://');
    expect(harness.clock.elapsed()).toBe(startMs);
  });
});

describe('a password with', () => {
  test.for([
    ['quotes', `it's "quoted" \`so\``],
    ['blanks', '  two  words '],
    ['a colon', 'a:b::c'],
    ['percent signs', '100%25%2F%'],
    ['non-ASCII letters', 'пароль-密码-ñ-🔑'],
    ['special characters of URLs and shells', '@/?#&=+$(x)\\;|<>!*~'],
    ['only a dash', '-'],
    ['a thousand characters', 'x'.repeat(1000)],
  ] as const)('%s', async ([, password], { harnessOf }) => {
    const harness = await harnessOf({ password, username: 'jürgen ö' });
    const argument = ['create-full', harness.host, 'jürgen ö'];
    harness.env = {};
    const dashed = password.startsWith('-') ? ['--', ...argument.slice(1)] : argument.slice(1);
    const asArgument = await harness.startRaw(['create-full', ...dashed, password]).done;
    expect(asArgument.code).toBe(0);

    harness.env = { CHBACKUP_USER: 'jürgen ö', CHBACKUP_PASSWORD: password };
    expect((await harness.startRaw(['create-diff', harness.host]).done).code).toBe(0);

    const file = put(harness, 'password', `${password}\n`);
    harness.env = { CHBACKUP_USER: 'jürgen ö', CHBACKUP_PASSWORD_FILE: file };
    expect((await harness.startRaw(['create-diff', harness.host]).done).code).toBe(0);

    expect(sent(harness)).toEqual([`jürgen ö:${password}`]);
    for (const { stdout, stderr } of password === '-' ? [] : harness.results) {
      expect(stdout + stderr).not.toContain(password);
    }
  });
});

describe('no credentials', () => {
  test('are sent to a server that requires none', async ({ harnessOf }) => {
    const harness = await harnessOf({ username: '', password: '' });
    expect((await harness.startRaw(['create-full', harness.host]).done).code).toBe(0);
    expect(sent(harness)).toEqual(['']);
  });

  test('are sent if the arguments are empty, even if the variables are set', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ username: '', password: '' });
    harness.env = { CHBACKUP_USER: 'other-user' };
    expect((await harness.startRaw(['create-full', harness.host, '', '']).done).code).toBe(0);
    expect(sent(harness)).toEqual(['']);
  });
});

describe('precedence of settings', () => {
  /** Runs against a server that refuses all credentials and returns those it received. */
  async function sentWith(harness: Harness, ...argv: string[]): Promise<string[]> {
    const { code } = await harness.startRaw(argv).done;
    expect(code).toBe(12);
    return sent(harness);
  }

  test('an argument wins over a variable, and a variable over .env', async ({ harnessOf }) => {
    const sources = [
      { argument: ['argued', 'x'], variable: 'varied', dotenv: 'written', expected: 'argued:x' },
      { argument: [], variable: 'varied', dotenv: 'written', expected: 'varied:p' },
      { argument: [], variable: '', dotenv: 'written', expected: 'written:p' },
    ];
    for (const { argument, variable, dotenv, expected } of sources) {
      const harness = await harnessOf({});
      put(harness, '.env', `CHBACKUP_USER=${dotenv}\nCHBACKUP_PASSWORD=p\n`);
      harness.env = { CHBACKUP_USER: variable };
      expect(await sentWith(harness, 'create-full', harness.host, ...argument)).toEqual([expected]);
    }
  });

  test('--env-file replaces .env and wins over CHBACKUP_ENV_FILE', async ({ harness }) => {
    put(harness, '.env', 'CHBACKUP_USER=dotenv\n');
    put(harness, 'one.env', `CHBACKUP_USER=one\nCHBACKUP_HOST=${harness.host}\n`);
    put(harness, 'other.env', 'CHBACKUP_USER=other\n');
    harness.env = { CHBACKUP_ENV_FILE: 'other.env' };
    expect(await sentWith(harness, 'create-full', harness.host)).toEqual(['other:']);
    expect(await sentWith(harness, 'create-full', '--env-file', 'one.env')).toEqual([
      'other:',
      'one:',
    ]);
  });

  test('--settings and CHBACKUP_SETTINGS name the same file as --env-file', async ({ harness }) => {
    put(harness, 'one.env', `CHBACKUP_USER=one\nCHBACKUP_HOST=${harness.host}\n`);
    put(harness, 'other.env', 'CHBACKUP_USER=other\n');
    harness.env = { CHBACKUP_SETTINGS: 'other.env' };
    expect(await sentWith(harness, 'create-full', harness.host)).toEqual(['other:']);
    expect(await sentWith(harness, '--settings', 'one.env', 'create-full')).toEqual([
      'other:',
      'one:',
    ]);
  });

  test('.env may contain quotes and comments', async ({ harness }) => {
    put(harness, '.env', `# shard 1\nexport CHBACKUP_USER="a b" # who\nCHBACKUP_PASSWORD='#"'\n`);
    expect(await sentWith(harness, 'create-full', harness.host)).toEqual(['a b:#"']);
  });

  test('a user or password file is read without its final line break', async ({ harness }) => {
    put(harness, 'user', 'from-file\r\n');
    put(harness, 'password', ' kept \n');
    harness.env = { CHBACKUP_USER_FILE: 'user', CHBACKUP_PASSWORD_FILE: 'password' };
    expect(await sentWith(harness, 'create-full', harness.host)).toEqual(['from-file: kept ']);
  });

  test('an environment variable wins over a file that is named in .env', async ({ harness }) => {
    put(harness, '.env', 'CHBACKUP_PASSWORD_FILE=no-such-file-needed\nCHBACKUP_USER=u\n');
    put(harness, 'no-such-file-needed', 'weak');
    harness.env = { CHBACKUP_PASSWORD: 'strong' };
    expect(await sentWith(harness, 'create-full', harness.host)).toEqual(['u:strong']);
  });

  test('every common setting has an environment variable', async ({ harness }) => {
    harness.env = {
      CHBACKUP_HOST: harness.host,
      CHBACKUP_USER: 'rlAPIuser',
      CHBACKUP_PASSWORD: secret,
      CHBACKUP_LOG_DIR: path.join(harness.folder, 'elsewhere', 'deep'),
      CHBACKUP_WAIT: '0',
      CHBACKUP_JSON: 'yes',
      CHBACKUP_QUIET: 'ON',
      CHBACKUP_NO_COLOR: '1',
      CHBACKUP_WITHOUT_BASE: 'fail',
    };
    const { code, stdout, stderr } = await harness.startRaw(['create-full']).done;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ command: 'create-full', host: harness.host });
    expect(
      readFileSync(
        path.join(harness.folder, 'elsewhere', 'deep', `.${harness.hostInFiles}_last_backup`),
        'utf8',
      ),
    ).toMatch(/^FULL_/);
  });
});

test('ignores the variables for the local binary in a command that needs the API', async ({
  harness,
}) => {
  harness.env = { CHBACKUP_BINARY: '1', CHBACKUP_BINARY_PATH: '/no/such/program' };
  expect((await harness.run('create-full')).code).toBe(0);
});

describe('durations', () => {
  test.for([
    ['90s', 90],
    ['1h 30m', 5400],
    ['1h30m', 5400],
    ['1.5h', 5400],
    ['2 min', 120],
    ['1d', 86_400],
  ] as const)('are accepted as --wait %s', async ([text, seconds], { harness }) => {
    harness.holdLock('');
    const startMs = harness.clock.elapsed();
    expect((await harness.run('create-full', '--wait', text)).code).toBe(11);
    expect((harness.clock.elapsed() - startMs) / 1000).toBeCloseTo(seconds);
  });
});
