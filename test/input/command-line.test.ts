import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.js';
import { parseHost } from '../../src/config/host.js';
import { secret, user } from '../faults/secret.js';
import { expectSane, runAlone } from './lone-run.js';

const folder = mkdtempSync(path.join(tmpdir(), 'chbackup-input-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Generates values that people, scripts and templates pass by mistake. */
const typed = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom(...Array.from('ab1:/@[].-_%? *,\\\'"`${}\n\0\u202e')),
    maxLength: 20,
  }),
  fc.constantFrom(
    ...['', ' ', '-', '--', '-1', '--yes', '0', '1e9', 'null', 'undefined', '../..', '{{ host }}'],
    ...['http://', 'https://a:99999', '[::1', '::1', '[::1]:7171', 'a:0', 'a/b', 'user:x@host'],
    ...[
      'db.*',
      '`a`.`b`',
      'a.b.c',
      'a.b,c.d',
      '30 m',
      '1y',
      '-5m',
      '9'.repeat(400),
      'x'.repeat(9000),
    ],
  ),
);
const connection = ['h0', user, secret];
/** Ends the run at once, because no server is listening. */
const quick = ['--connect-timeout', '0'];

const { usage, unreachable, notFound } = exitCodes;

/** Command lines with one generated value, which are otherwise valid, and their exit codes. */
const places: Record<string, { argv: (value: string) => string[]; codes: number[] }> = {
  host: {
    argv: (value) => ['create-full', '--connect-timeout', '0', '--', value, user, secret],
    codes: [usage, unreachable],
  },
  'host without a server command': {
    argv: (value) => ['list', '--connect-timeout', '0', '--', value],
    codes: [usage, unreachable],
  },
  user: {
    argv: (value) => ['create-diff', ...quick, '--', 'h0', value, secret],
    codes: [usage, unreachable],
  },
  password: {
    argv: (value) => ['create-full', ...quick, '--', 'h0', user, value],
    codes: [usage, unreachable],
  },
  '--wait': {
    argv: (value) => ['create-full', ...connection, ...quick, `--wait=${value}`],
    codes: [usage, unreachable],
  },
  '--timeout': {
    argv: (value) => ['create-diff', ...connection, ...quick, `--timeout=${value}`],
    codes: [usage, unreachable],
  },
  '--without-base': {
    argv: (value) => ['create-diff', ...connection, ...quick, `--without-base=${value}`],
    codes: [usage, unreachable],
  },
  '--name': {
    argv: (value) => ['delete-remote', ...connection, ...quick, '--yes', `--name=${value}`],
    codes: [usage, unreachable],
  },
  '--keep': {
    argv: (value) => ['delete-remote', ...connection, ...quick, '--yes', `--keep=${value}`],
    codes: [usage, unreachable],
  },
  '--older-than': {
    argv: (value) => ['delete-local', ...connection, ...quick, '--yes', `--older-than=${value}`],
    codes: [usage, unreachable],
  },
  'a table': {
    argv: (value) => ['restore-table', ...quick, '--', 'BASE', value, ...connection],
    codes: [usage, unreachable],
  },
  'a backup': {
    argv: (value) => ['restore-table', ...quick, '--', value, 'db.t', ...connection],
    codes: [usage, unreachable, notFound],
  },
  '--into': {
    argv: (value) => ['restore-table', 'BASE', 'db.t', ...connection, ...quick, `--into=${value}`],
    codes: [usage, unreachable],
  },
  '--location': {
    argv: (value) => ['list', ...connection, ...quick, `--location=${value}`],
    codes: [usage, unreachable],
  },
  'a command': {
    argv: (value) => [value, ...connection, ...quick],
    codes: [usage],
  },
  'an option': {
    argv: (value) => ['create-full', ...connection, ...quick, `--${value}`],
    codes: [usage, unreachable, 0],
  },
  '--env-file': {
    argv: (value) => ['create-full', ...connection, ...quick, `--env-file=${value}`],
    codes: [usage, unreachable],
  },
};

describe.for(Object.entries(places))('any value for %s', ([, { argv, codes }]) => {
  test('is accepted, or refused in one line with exit 2', async () => {
    await fc.assert(
      fc.asyncProperty(typed, async (value) => {
        const run = await runAlone(argv(value), { cwd: folder });
        expectSane(run);
        expect(codes).toContain(run.code);
        if (run.code === usage) expect(run.stderr.split('\n')).toHaveLength(2);
        expect(run.sent.filter((line) => line.startsWith('POST'))).toEqual([]);
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});

test('an accepted host has a valid URL and a safe file name', () => {
  fc.assert(
    fc.property(typed, (text) => {
      let host;
      try {
        host = parseHost(text);
      } catch {
        return;
      }
      const url = new URL(host.baseUrl);
      expect([url.username, url.password, url.pathname, url.search, url.hash].join('')).toBe('/');
      expect(host.fileName).toMatch(/^[A-Za-z0-9.-]+(_\d{1,5})?$/);
      expect(host.fileName).not.toMatch(/^\.|\/|\.\./);
    }),
    { seed: 1, numRuns: 20_000 },
  );
});

const variable = fc.constantFrom(
  ...['HOST', 'USER', 'PASSWORD', 'PASSWORD_FILE', 'WAIT', 'TIMEOUT', 'CONNECT_TIMEOUT'],
  ...[
    'CA_FILE',
    'CERT_FILE',
    'KEY_FILE',
    'INSECURE',
    'JSON',
    'QUIET',
    'VERBOSE',
    'ENV_FILE',
    'NO_COLOR',
    'WITHOUT_BASE',
  ],
  ...['LOG_DIR', 'BINARY', 'BINARY_PATH', 'TYPO', ''],
);

test('any environment variables lead to exit 2 or 13', async () => {
  const env = fc.dictionary(
    variable.map((name) => `CHBACKUP_${name}`),
    typed.filter((value) => !value.includes('\0')),
    { maxKeys: 4 },
  );
  await fc.assert(
    fc.asyncProperty(env, async (variables) => {
      const run = await runAlone(['create-diff', ...quick], { cwd: folder, env: variables });
      expectSane(run);
      expect([usage, unreachable]).toContain(run.code);
    }),
    { seed: 1, numRuns: 400 },
  );
});

test('any .env file leads to exit 2 or 13', async () => {
  const line = fc.oneof(
    fc.tuple(variable, typed).map(([name, value]) => `CHBACKUP_${name}=${value}`),
    fc.tuple(variable, typed).map(([name, value]) => `export CHBACKUP_${name}="${value}`),
    typed,
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 5 }), async (lines) => {
      writeFileSync(
        path.join(folder, '.env'),
        `CHBACKUP_PASSWORD='${secret}'\n${lines.join('\n')}`,
      );
      const run = await runAlone(['create-full', 'h0', user, ...quick], { cwd: folder });
      expectSane(run);
      expect([usage, unreachable]).toContain(run.code);
    }),
    { seed: 1, numRuns: 400 },
  );
});

test('any content of the files in the log directory leads to a documented exit code', async () => {
  const contents = fc.record({
    '.h0_last_backup': typed,
    '.h0_run.json': fc.oneof(typed, fc.json()),
    '.given_names': typed,
    '.h0_status.json': fc.oneof(typed, fc.json()),
    'h0_backup_ch.log': fc.constant(''),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('create-full', 'create-diff', 'list'),
      contents,
      async (command, files) => {
        const answer = () => ({ status: 200, body: '' });
        const run = await runAlone([command, ...connection, ...quick], { files, answer });
        // The generated contents may remain in the files, so the files are not checked.
        expectSane({ ...run, files: new Map() });
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});
