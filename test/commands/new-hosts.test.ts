import { existsSync } from 'node:fs';
import { describe, expect } from 'vitest';
import type { RequestError } from 'got';
import { readNameFailure } from '../../src/http/name-failure.js';
import { TransportError } from '../../src/http/transport.js';
import { type Harness, secret, test } from '../support/harness.js';

const commands: [string, string[]][] = [
  ['create-full', ['create-full']],
  ['create-diff', ['create-diff', '--without-base', 'fail']],
  ['delete-remote', ['delete-remote', '--all', '--yes']],
  ['delete-local', ['delete-local', '--all', '--yes']],
];

const argvOf = ([command = '', ...options]: string[], ...connection: string[]) => [
  command,
  ...connection,
  ...options,
];

const notFound = readNameFailure({ code: 'ENOTFOUND' } as RequestError);

function withoutName(harness: Harness): void {
  harness.environment.transport = () => () => Promise.reject(notFound);
}

const troubles: [string, (harness: Harness) => void, number][] = [
  ['a name that does not exist', withoutName, 13],
  ['a server that cuts connections', ({ simulator }) => (simulator.refuse = true), 13],
  ['ClickHouse down', ({ simulator }) => (simulator.clickHouseDown = true), 13],
  [
    'another server',
    ({ simulator }) => simulator.answerNext({}, { status: 404, body: '<title>no' }),
    1,
  ],
  ['wrong credentials', ({ env }) => (env['CHBACKUP_PASSWORD'] = 'wrong'), 12],
];

describe.for(commands)('%s', ([, command]) => {
  test.for(troubles)(
    'writes nothing about a new host with %s',
    async ([, make, exit], { harness }) => {
      harness.env = { CHBACKUP_USER: 'rlAPIuser', CHBACKUP_PASSWORD: secret };
      make(harness);
      const { code, stderr } = await harness.startRaw(argvOf(command, harness.host)).done;
      expect(code).toBe(exit);
      expect(stderr).toContain('::::[ERROR] ');
      expect(existsSync(harness.logDir)).toBe(false);
    },
  );

  test('writes the files of a new host that answers', async ({ harness }) => {
    await harness.startRaw(argvOf(command, harness.host, 'rlAPIuser', secret)).done;
    expect(harness.files).toContain(`${harness.hostInFiles}_backup_ch.log`);
  });
});

test('restore-table writes nothing about a new host that does not answer', async ({ harness }) => {
  harness.simulator.clickHouseDown = true;
  const argv = ['restore-table', 'B', 'a.b', harness.host, 'rlAPIuser', secret];
  expect((await harness.startRaw(argv).done).code).toBe(13);
  expect(existsSync(harness.logDir)).toBe(false);
});

describe('a host with files', () => {
  test.for(['_last_backup', '_run.json', '_lock'])(
    'such as %s is locked first, and its errors are logged',
    async (name, { harness }) => {
      harness.writeFile(`.${harness.hostInFiles}${name}`, '');
      harness.simulator.clickHouseDown = true;
      const { code, steps } = await harness.run('create-full');
      expect(code).toBe(13);
      expect(steps.slice(0, 5)).toEqual([
        'start',
        'young-enough',
        'known-host',
        'lock',
        'check-server',
      ]);
      expect(harness.log).toMatch(/\nERROR:\nClickHouse behind \S+ does not answer/);
    },
  );

  test('is not the host of another port', async ({ harness }) => {
    const others = ['.127.0.0.1_last_backup', '.127.0.0.1_lock', '127.0.0.1_backup_ch.log'];
    for (const name of others) harness.writeFile(name, 'B');
    harness.simulator.clickHouseDown = true;
    const { steps } = await harness.run('create-full');
    expect(steps).toContain('check-new-host');
    expect(harness.files).toEqual(others);
  });

  test('may be known from the bash agent, whose file names keep underscores', async ({
    harness,
  }) => {
    harness.writeFile('.click_house_last_backup', 'B');
    withoutName(harness);
    const { stderr } = await harness.startRaw(['create-full', 'click_house', 'u', secret]).done;
    expect(stderr).toContain(' click_house does not answer');
    expect(harness.file('click-house_backup_ch.log')).toContain('click_house does not answer');
  });
});

test('a new host is checked again after a wait for the lock', async ({ harness }) => {
  const taken: string[] = [];
  harness.onStep = (step) => {
    if (step === 'check-new-host') taken.push('asked');
    if (step === 'lock' && taken.length === 1) {
      taken.push('locked');
      harness.later(60_000, harness.holdLock('{}'));
    }
  };
  expect((await harness.run('create-full')).code).toBe(0);
  expect(taken).toEqual(['asked', 'locked']);
  expect(harness.requests(/nosuch/)).toHaveLength(2);
});

/** A password that would be a valid host. */
const password = 'Geheim-123';

describe('a password in the place of the host', () => {
  test.for([
    ['create-full', 'rlAPIuser', 'clickhouse-backup-api'],
    ['create-diff', 'clickhouse-backup-api', 'rlAPIuser', '--verbose'],
    ['list', 'rlAPIuser', 'ch1.example.org', '--json'],
    ['delete-remote', 'rlAPIuser', 'ch1', '--all', '--json', '--verbose'],
    ['create-full', 'rlAPIuser'],
  ])('is printed nowhere: %j', async ([command = '', ...more], { harness }) => {
    withoutName(harness);
    const { code, stdout, stderr, titles } = await harness.startRaw([command, password, ...more])
      .done;
    expect(code).toBe(13);
    expect([stdout, stderr, ...titles].join('\n')).not.toContain(password);
    expect(stderr).toContain('the host given as an argument does not answer: the host name was');
    expect(existsSync(harness.logDir)).toBe(false);
  });

  test('is printed nowhere if the name cannot be resolved now', async ({ harness }) => {
    const details = { neverSent: true, unresolved: true };
    harness.environment.transport = () => () =>
      Promise.reject(new TransportError('the host name cannot be resolved now', details));
    const { stderr } = await harness.startRaw(['list', password, 'u', 'ch1', '--json']).done;
    expect(stderr).toContain('"level":"warning"');
    expect(stderr).not.toContain(password);
  });

  test.for(['123456', '0x1f', '1.2'])(
    'is refused if it is a number, which would be an address: %s',
    async (number, { harness }) => {
      const { code, stderr } = await harness.startRaw(['list', number, 'u', 'ch1']).done;
      expect(code).toBe(2);
      expect(stderr).toMatch(/\[ERROR\] invalid host \(write it as /);
    },
  );

  test.for([
    ['rlAPIuser', password, 'ch1.example.org', 'the arguments may be swapped: their order is host'],
    ['rlAPIuser', 'ch1.example.org', secret, 'the arguments may be swapped: their order is host'],
    ['rlAPIuser', password, 'clickhouse', 'the order of the arguments is host, user, password'],
    ['ch2.example.org', 'rlAPIuser', 'a.b', 'the order of the arguments is host, user, password'],
    ['ch2', 'rlAPIuser', 'a.b$/', 'the order of the arguments is host, user, password'],
  ] as const)(
    'leads to a hint about the order: %s %s %s',
    async ([one, two, three, hint], { harness }) => {
      withoutName(harness);
      const { stderr } = await harness.startRaw(['create-full', one, two, three]).done;
      expect(stderr).toContain(`(check the spelling of the host; ${hint}`);
      for (const typed of [one, two, three]) expect(stderr).not.toContain(typed);
    },
  );
});

describe('the host is named although its name does not exist', () => {
  const shown =
    / clickhose (\S+ )*does not answer: the host name was not found \(check the spelling of the host\)\n$/;

  test('if user and password are not arguments', async ({ harness }) => {
    withoutName(harness);
    harness.env = { CHBACKUP_USER: 'rlAPIuser', CHBACKUP_PASSWORD: secret };
    const { stderr, titles } = await harness.startRaw(['create-full', 'clickhose']).done;
    expect(stderr).toMatch(shown);
    expect(titles).toContain('chbackup create-full clickhose');
  });

  test('if the log directory has files of the host', async ({ harness }) => {
    withoutName(harness);
    harness.writeFile('.clickhose_last_backup', 'B');
    const { stderr } = await harness.startRaw(['create-full', 'clickhose', 'u', secret]).done;
    expect(stderr).toMatch(
      /clickhose does not answer: the host name was not found \(check the DNS/,
    );
  });

  test('if it is an address with a scheme', async ({ harness }) => {
    withoutName(harness);
    const { stderr } = await harness.startRaw(['list', 'https://ch1', 'u', secret]).done;
    expect(stderr).toContain('https://ch1 does not answer: the host name was not found');
  });
});

test('a new host is named as soon as its name has been resolved', async ({ harness }) => {
  let sent = 0;
  harness.environment.transport = () => () =>
    Promise.reject(++sent === 1 ? notFound : new TransportError('refused', { neverSent: true }));
  const { stderr } = await harness.startRaw(['list', 'ch1', 'u', secret]).done;
  const lines = stderr.trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toMatch(/^\S+ \S+ ch1 /);
  expect(lines[1]).toContain(
    'ch1 does not answer: refused (check that clickhouse-backup server is',
  );
});
