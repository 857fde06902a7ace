import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HttpAnswer } from '../../src/http/transport.js';
import { basicAuthorization, secret, user } from '../faults/secret.js';
import { Time } from '../faults/time.js';
import { Simulator, type SimulatorVersion } from '../simulator/simulator.js';
import { expectSane, type LoneRun, runAlone } from './lone-run.js';

const connection = ['h0', user, secret];
const commands = {
  full: ['create-full', ...connection],
  diff: ['create-diff', ...connection, '--timeout', '1h'],
  list: ['list', ...connection],
  listJson: ['list', ...connection, '--json'],
  keep: ['delete-remote', ...connection, '--keep', '1', '--yes'],
  broken: ['delete-remote', ...connection, '--broken', '--yes'],
  local: ['delete-local', ...connection, '--older-than', '1s', '--yes', '--json'],
  restore: ['restore-table', 'latest', 'shop.orders', ...connection, '--append'],
  schema: ['restore-table', 'BASE', 'shop.orders', ...connection, '--schema', '--yes'],
};

/** Generates text that is harmful to a terminal, a log file or a parser, or contains the secret. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    ...['\u001b[2J\u001b]0;x\u0007', '\u202eabc\u2066', '\0', '__proto__', 'in progress', 'error'],
    ...[secret, encodeURIComponent(secret), basicAuthorization(secret), 'a\r\n::::[ERROR] b'],
    ...['FULL_CH_BK_2026-11-22_09-00-00', '../../etc/passwd', 'x'.repeat(100_000), '\ud800'],
  ),
);
const anyJson = fc.oneof(
  fc.jsonValue(),
  nasty,
  fc.constantFrom<unknown>(1e308, -1, 2 ** 53, null, true, [], {}, [[[[[[]]]]]]),
);

/** Changes a response, like a faulty server or proxy. */
type Spoiling = (answer: HttpAnswer) => HttpAnswer;

/** Gives a function a name for the report of a failed property. */
function named(name: string, spoil: Spoiling): Spoiling {
  return Object.assign(spoil, { [fc.toStringMethod]: () => name.slice(0, 200) });
}

const spoilings: fc.Arbitrary<Spoiling> = fc.oneof(
  fc
    .tuple(fc.nat(50), fc.nat(10), fc.option(anyJson, { nil: undefined }))
    .map(([line, field, value]) =>
      named(`field ${field} of line ${line} becomes ${fc.stringify(value)}`, (answer) =>
        mapLine(answer, line, (row) => {
          const keys = Object.keys(row);
          const key = keys[field % Math.max(1, keys.length)];
          return key === undefined ? row : { ...row, [key]: value };
        }),
      ),
    ),
  fc
    .nat(400)
    .map((at) =>
      named(`cut off at ${at}`, (answer) => ({ ...answer, body: answer.body.slice(0, at) })),
    ),
  fc
    .constantFrom(204, 206, 301, 302, 400, 403, 404, 409, 418, 423, 429, 500, 502, 599, 999)
    .map((status) => named(`status ${status}`, ({ body }) => ({ status, body }))),
  fc
    .oneof(
      nasty,
      anyJson.map((value) => JSON.stringify(value) ?? ''),
    )
    .map((body) => named(`body ${fc.stringify(body)}`, ({ status }) => ({ status, body }))),
  fc.constantFrom(
    named('html', ({ status }) => ({ status, body: '<html><h1>Welcome to nginx!</h1></html>' })),
    named('repeated', ({ status, body }) => ({ status, body: body.repeat(100) })),
    named('an incomplete line added', ({ status, body }) => ({ status, body: `${body}{"name":` })),
    named('nested', ({ status }) => ({ status, body: '['.repeat(100_000) })),
    named('huge numbers', ({ status, body }) => {
      return { status, body: body.replaceAll(/\d+/g, '9'.repeat(400)) };
    }),
    named('byte order mark', ({ status, body }) => ({ status, body: `\ufeff${body}` })),
  ),
);

function mapLine(
  { status, body }: HttpAnswer,
  at: number,
  change: (row: Record<string, unknown>) => unknown,
): HttpAnswer {
  const lines = body.split('\n').filter(Boolean);
  const index = at % Math.max(1, lines.length);
  try {
    const row = JSON.parse(lines[index] ?? '{}') as Record<string, unknown>;
    lines[index] = JSON.stringify(change(row)) ?? '';
  } catch {
    lines[index] = '';
  }
  return { status, body: lines.map((line) => `${line}\n`).join('') };
}

/** Runs against a correct server, with some of its responses changed on the way. */
async function runSpoiled(
  argv: string[],
  version: SimulatorVersion,
  spoiled: { at: number; often: boolean; spoil: Spoiling }[],
): Promise<LoneRun> {
  const time = new Time();
  const simulator = new Simulator({
    version,
    clock: time.server,
    username: user,
    password: secret,
    workMs: { create: 150, upload: 150, restore: 150, download: 150 },
  });
  for (const location of ['local', 'remote'] as const) {
    for (const name of ['BASE', 'FULL_CH_BK_2026-11-20_09-00-00']) {
      simulator.addBackup(location, { name });
    }
  }
  simulator.addBackup('remote', { name: 'FULL_CH_BK_2026-11-19_09-00-00' });
  simulator.addBackup('remote', { name: 'HALF' });
  simulator.setBroken('remote', 'HALF');
  let count = 0;
  const answer = async (request: string): Promise<HttpAnswer> => {
    const [method = '', path = ''] = request.split(/ (.*)/s);
    const headers = { authorization: basicAuthorization(secret) };
    const reply = await simulator.handle({ method, path, headers, body: '' });
    if ('dropped' in reply) throw new Error('the simulator dropped a request');
    count++;
    const found = spoiled.filter(({ at, often }) => (often ? count % at === 0 : count === at));
    return found.reduce((made: HttpAnswer, { spoil }) => spoil(made), reply);
  };
  return runAlone(argv, { time, answer, files: { '.h0_last_backup': 'BASE' } });
}

const spoiledAt = fc.record({
  at: fc.integer({ min: 1, max: 14 }),
  often: fc.boolean(),
  spoil: spoilings,
});

/** Returns how many creates, uploads or restores were requested. */
const countRequests = (sent: string[], what: string) =>
  sent.filter((line) => line.startsWith(`POST /backup/${what}`)).length;

describe.for(Object.entries(commands))('%s', ([name, argv]) => {
  test('ends with a documented exit code and safe output for any response of the server', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('2.4.0' as const, '2.6.30' as const, '2.8.1' as const),
        fc.array(spoiledAt, { minLength: 1, maxLength: 3 }),
        async (version, spoiled) => {
          const run = await runSpoiled(argv, version, spoiled);
          expectSane(run);
          const uploaded = run.code === 0 && /full|diff/.test(name);
          if (uploaded) expect(run.files.get('/log/.h0_last_backup')).toMatch(/^(FULL|DIFF)_CH_BK/);
        },
      ),
      { seed: 1, numRuns: 60 },
    );
  }, 60_000);
});

test('ends with a documented exit code if the server returns the same response to every request', async () => {
  const status = fc.oneof(fc.constant(200), fc.integer({ min: 100, max: 999 }));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.values(commands)),
      status,
      fc.oneof(nasty, fc.json()),
      async (argv, code, body) => {
        const run = await runAlone(argv, {
          answer: () => ({ status: code, body }),
          files: { '.h0_last_backup': 'BASE' },
        });
        expectSane(run);
        if (argv[0]?.startsWith('create-')) expect(run.code).not.toBe(0);
        expect(countRequests(run.sent, 'upload')).toBe(0);
      },
    ),
    { seed: 1, numRuns: 300 },
  );
}, 60_000);
