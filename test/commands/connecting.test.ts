import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { describe, expect, onTestFinished } from 'vitest';
import type { RequestError } from 'got';
import { readNameFailure } from '../../src/http/name-failure.js';
import type { Transport } from '../../src/http/transport.js';
import { beforeRequest } from '../support/before-request.js';
import { type Harness, type Result, secret, test, versions } from '../support/harness.js';

const second = 1000;
const minute = 60 * second;

interface Failed {
  code: number;
  error: string;
  tookMs: number;
  result: Result;
}

/** Runs a command that prints nothing but one error line; returns its text. */
async function failed(harness: Harness, argv: string[]): Promise<Failed> {
  const startMs = harness.clock.elapsed();
  const result = await harness.startRaw(argv).done;
  const tookMs = harness.clock.elapsed() - startMs;
  expect(result.stderr.trimEnd().split('\n')).toHaveLength(1);
  const error = result.stderr.trimEnd().replace(/^.*::::\[ERROR\] /, '');
  return { code: result.code, error, tookMs, result };
}

async function listen(greet: (socket: Socket) => void): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    greet(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const lookup = (code: string) => (): Error => {
  const error = readNameFailure({ code } as RequestError);
  if (error === undefined) throw new Error(`${code} is not about a name`);
  return error;
};
const notFound = lookup('ENOTFOUND');
const notNow = lookup('EAI_AGAIN');

/** Returns a transport that fails its first `n` requests. */
function failing(harness: Harness, n: number, error: () => Error) {
  let sent = 0;
  harness.environment.transport = (settings): Transport => {
    const real = harness.transport(settings);
    return async (request, signal) => {
      if (++sent <= n) throw error();
      return real(request, signal);
    };
  };
}

const commands: [string, (harness: Harness) => string[]][] = [
  ['create-full', ({ host }) => ['create-full', host]],
  ['create-diff', ({ host }) => ['create-diff', host]],
  ['list', ({ host }) => ['list', host]],
  ['delete-remote', ({ host }) => ['delete-remote', host, '--all', '--yes']],
  ['delete-local', ({ host }) => ['delete-local', host, '--keep', '2', '--yes']],
  ['restore-table', ({ host }) => ['restore-table', 'latest', 'shop.orders', host]],
];

describe.for(commands)('%s without credentials', ([, argvOf]) => {
  test('exits with 12 and says that none were given, and how to give them', async ({ harness }) => {
    const { code, error } = await failed(harness, argvOf(harness));
    expect([code, error]).toEqual([
      12,
      `${harness.host} requires a user and a password, and none were given (give them as arguments after the host, or with CHBACKUP_USER and CHBACKUP_PASSWORD_FILE)`,
    ]);
  });
});

describe('credentials', () => {
  test('a user without a password is named as the reason', async ({ harness }) => {
    const { code, error } = await failed(harness, ['list', harness.host, 'rlAPIuser']);
    expect([code, error]).toEqual([
      12,
      `${harness.host} rejected the credentials (401): a user but no password was given (give the password as the argument after the user, or with CHBACKUP_PASSWORD_FILE)`,
    ]);
  });

  test('a 401 of a proxy asks for credentials that the proxy accepts too', async ({ harness }) => {
    harness.simulator.answerNext({}, { status: 401, body: '<html><title>401</title>' });
    const { code, error } = await failed(harness, ['list', harness.host]);
    expect(code).toBe(12);
    expect(error).toMatch(/and none were given \(the answer is from a proxy .* accept the same/);
  });

  test('a 403 is not called a rejection of credentials that were not sent', async ({ harness }) => {
    harness.simulator.answerNext({}, { status: 403, body: '<html><title>403</title>' });
    const { code, error } = await failed(harness, ['list', harness.host]);
    expect(code).toBe(12);
    expect(error).toMatch(/ refused the request \(403\), and no user was given \(if it requires /);
  });

  test('are named with --json too', async ({ harness }) => {
    const { result } = await failed(harness, ['list', harness.host, '--json']);
    expect(JSON.parse(result.stderr)).toMatchObject({
      host: harness.host,
      error: 'UnauthorizedError',
      message: `${harness.host} requires a user and a password, and none were given`,
      exitCode: 12,
    });
  });
});

describe('a host name that does not exist', () => {
  test('leads to exit 13 after three quick retries, with a hint about its spelling', async ({
    harness,
  }) => {
    failing(harness, Infinity, notFound);
    const { code, error, tookMs } = await failed(harness, ['create-full', 'clickhose']);
    expect([code, tookMs]).toEqual([13, 3.5 * second]);
    expect(error).toBe(
      'clickhose does not answer: the host name was not found (check the spelling of the host)',
    );
  });

  test('is given up sooner with a shorter --connect-timeout', async ({ harness }) => {
    failing(harness, Infinity, notFound);
    const argv = ['list', 'clickhose', '--connect-timeout', '1s'];
    expect((await failed(harness, argv)).tookMs).toBe(second);
  });

  test('does not fail the run if the resolver fails three times', async ({ harness }) => {
    failing(harness, 3, notFound);
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).not.toContain('[WARNING]');
  });

  test('of a known host is retried for the connect timeout, with a hint about DNS', async ({
    harness,
  }) => {
    expect((await harness.run('create-full')).code).toBe(0);
    failing(harness, 6, notFound);
    expect((await harness.run('create-diff')).code).toBe(0);
    failing(harness, Infinity, notFound);
    const startMs = harness.clock.elapsed();
    const { code, stderr } = await harness.run('create-diff');
    expect([code, harness.clock.elapsed() - startMs]).toEqual([13, minute]);
    expect(stderr).toMatch(/::::\[ERROR\] .*the host name was not found \(check the DNS settings/);
  });

  test('does not end the run for 9 minutes during an upload, if it was found before', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ workMs: { upload: 20 * minute } });
    let failUntilMs = 0;
    harness.environment.transport = (settings): Transport => {
      const real = harness.transport(settings);
      return async (request, signal) => {
        if (harness.clock.elapsed() < failUntilMs) throw notFound();
        return real(request, signal);
      };
    };
    harness.when('upload', () =>
      harness.later(minute, () => (failUntilMs = harness.clock.elapsed() + 9 * minute)),
    );
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr.match(/no response, retrying: .*the host name was not found/g)).toHaveLength(1);
  });

  test('after a response is retried for the connect timeout, with a hint about DNS', async ({
    harness,
  }) => {
    let startMs = NaN;
    beforeRequest(harness, /^GET \/backup\/list/, () => {
      startMs = harness.clock.elapsed();
      throw notFound();
    });
    const open = harness.environment.transport;
    harness.environment.transport = (settings): Transport => {
      const real = open?.(settings);
      return (request, signal) =>
        Number.isNaN(startMs) && real !== undefined
          ? real(request, signal)
          : Promise.reject(notFound());
    };
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(13);
    expect(harness.clock.elapsed() - startMs).toBeCloseTo(minute);
    expect(stderr).toMatch(
      / does not answer: the host name was not found \(check the DNS settings/,
    );
  });

  test('that cannot be resolved now is retried for the connect timeout', async ({ harness }) => {
    failing(harness, Infinity, notNow);
    const startMs = harness.clock.elapsed();
    const { code, stderr } = await harness.startRaw(['create-full', 'clickhouse']).done;
    expect(code).toBe(13);
    expect(harness.clock.elapsed() - startMs).toBeCloseTo(minute);
    expect(stderr).toContain(
      'clickhouse does not answer: the host name cannot be resolved now (check the DNS settings of this machine)',
    );
    failing(harness, 5, notNow);
    expect((await harness.run('create-full')).code).toBe(0);
  });

  test('is found out with the real resolver', async ({ harness }) => {
    const { code, stderr } = await harness.startRaw(['list', 'no-such-host.invalid']).done;
    expect(code).toBe(13);
    expect(stderr).toMatch(/the host name (was not found|cannot be resolved now) \(check the /);
  });
});

describe('a server that accepts connections and is silent', () => {
  test.for([
    ['3s', 3],
    ['5s', 5],
    ['40s', 40],
    // Each of the two requests gets a second at least.
    ['0', 2],
    // Without the option: two requests of 30 s.
    [undefined, 60],
  ] as const)(
    'is given up after --connect-timeout %s, by each command',
    async ([timeout, seconds], { harness }) => {
      harness.simulator.neverAnswer({ path: /./ });
      for (const [, argvOf] of commands) {
        const more = timeout === undefined ? [] : ['--connect-timeout', timeout];
        const startMs = harness.clock.elapsed();
        const { code, stderr } = await harness.startRaw([...argvOf(harness), ...more]).done;
        expect(code).toBe(13);
        expect(Math.abs(harness.clock.elapsed() - startMs - seconds * second)).toBeLessThan(100);
        expect(stderr).toContain(`${harness.host} does not answer: no answer within `);
      }
      expect(harness.files).toEqual([]);
    },
  );
});

describe('a slow ClickHouse behind an API that answers', () => {
  test('has 30 s to answer, whatever --connect-timeout says', async ({ harness }) => {
    const slow = { path: /nosuch/ };
    harness.simulator.delayNextAnswer(slow, 20 * second);
    harness.simulator.delayNextAnswer(slow, 20 * second);
    const { code } = await harness.run('create-full', '--connect-timeout', '3s');
    expect(code).toBe(0);
    expect(harness.requests(/nosuch/)).toHaveLength(2);
  });

  test('is asked once with the default', async ({ harness }) => {
    harness.simulator.delayNextAnswer({ path: /nosuch/ }, 29 * second);
    expect((await harness.run('create-full')).code).toBe(0);
    expect(harness.requests(/nosuch/)).toHaveLength(1);
  });

  test('leads to exit 13 after 30 s more, and is named', async ({ harness }) => {
    harness.simulator.hang = true;
    const { code, error, tookMs } = await failed(harness, [
      ...['list', harness.host, 'rlAPIuser', secret, '--connect-timeout', '3s'],
    ]);
    expect([code, tookMs]).toEqual([13, 31.5 * second]);
    expect(error).toContain(`ClickHouse behind ${harness.host} does not answer: the API answers`);
  });
});

/** What ClickHouse 18.16 answers. */
const ofClickHouse: [string, number, string][] = [
  [
    "ClickHouse's HTTP port",
    404,
    'There is no handle /backup/version\n\nUse / or /ping for health checks.\n',
  ],
  [
    "ClickHouse's HTTP port",
    401,
    'Code: 192, e.displayText() = DB::Exception: Unknown user rlAPIuser, e.what() = DB::Exception\n',
  ],
  ["ClickHouse's HTTP port", 404, 'Code: 115, e.displayText() = DB::Exception: Unknown setting\n'],
  ["ClickHouse's HTTP port", 200, 'Ok.\n'],
  [
    "ClickHouse's native port",
    400,
    'Port 9000 is for clickhouse-client program.\r\nYou must use port 8123 for HTTP.\r\n',
  ],
  [
    "ClickHouse's port for other replicas",
    401,
    "Client requires HTTP Basic authentification, but server doesn't provide it\n",
  ],
  ["ClickHouse's port for other replicas", 500, 'Poco::Exception. Code: 1000, e.code() = 0\n'],
];

describe('another server than clickhouse-backup', () => {
  test.for(ofClickHouse)('is named: %s, %i %j', async ([name, status, body], { harness }) => {
    for (const argv of [
      ['create-full', harness.host],
      ['list', harness.host, 'rlAPIuser', secret],
    ]) {
      harness.simulator.answerNext({}, { status, body });
      const { code, error } = await failed(harness, argv);
      expect([code, error]).toEqual([
        1,
        `${harness.host} is ${name}, not clickhouse-backup (the clickhouse-backup API listens on port 7171 by default)`,
      ]);
    }
    expect(harness.files).toEqual([]);
  });

  test('is not recognized by an error of ClickHouse that clickhouse-backup passes on', async ({
    harness,
  }) => {
    const error = 'Code: 241, DB::Exception: memory limit';
    const body = `${JSON.stringify({ status: 'error', operation: 'list', error })}\n`;
    harness.simulator.answerNext({ path: /list/ }, { status: 500, body });
    const { code, stderr } = await harness.run('list');
    expect(code).toBe(1);
    expect(stderr).toContain(`with 500: ${error}`);
  });

  test.for([
    ['SSH-2.0-OpenSSH_9.6\r\n', ' is an SSH server, not clickhouse-backup'],
    ['220 ftp ready\r\n', ' is an FTP or mail server, not clickhouse-backup'],
    ['-ERR wrong number of arguments\r\n', ' is a Redis or POP3 server, not clickhouse-backup'],
    ['J\0\0\0\n8.0.36\0mysql_native_password\0', ' is a MySQL server, not clickhouse-backup'],
    ['\0\u0001\u0002', ' does not speak HTTP'],
  ] as const)(
    'that greets with %j leads to exit 13 within seconds and is named',
    async ([greeting, expected], { harness }) => {
      const host = await listen((socket) => socket.write(greeting, 'latin1'));
      const { code, error, tookMs } = await failed(harness, ['list', host]);
      expect([code, tookMs]).toEqual([13, 3.5 * second]);
      expect(error).toBe(
        `${host}${expected} (the clickhouse-backup API listens on port 7171 by default)`,
      );
    },
  );

  test('that answers http with a TLS alert leads to a hint about https', async ({ harness }) => {
    const host = await listen((socket) => {
      socket.once('data', () => socket.end(Buffer.from([21, 3, 1, 0, 2, 2, 70])));
    });
    const { code, error } = await failed(harness, ['list', host]);
    expect([code, error]).toEqual([13, `${host} requires TLS (write the host as https://NAME)`]);
  });

  test('that cuts http connections leads to a hint about https', async ({ harness }) => {
    const host = await listen((socket) => socket.once('data', () => socket.destroy()));
    const argv = ['list', host, '--connect-timeout', '0'];
    const { code, error } = await failed(harness, argv);
    expect(code).toBe(13);
    expect(error).toMatch(/: the connection was cut \(.*; if it uses TLS, write the host as https/);
  });
});

describe.for(versions)('the host as it was typed, with a server %s', (version) => {
  test.for(['[::1]', '127.0.0.1'])(
    '%s, is in each line, also with --json',
    async (typed, { harnessOf }) => {
      const harness = await harnessOf({ version }, { host: typed.replace(/[[\]]/g, '') });
      expect(harness.host.startsWith(`${typed}:`)).toBe(true);
      const text = await harness.run('create-diff');
      expect(text.code).toBe(0);
      for (const line of text.stderr.trimEnd().split('\n')) {
        expect(line.split(' ')[2]).toBe(harness.host);
      }
      harness.simulator.failNext('create', 'no');
      const json = await harness.run('create-diff', '--json');
      const lines = json.stderr.trimEnd().split('\n');
      expect(lines.map((line) => (JSON.parse(line) as { host: string }).host)).toEqual([
        harness.host,
      ]);
    },
  );
});
