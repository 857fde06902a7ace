import { spawnSync, type StdioOptions } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { secret } from '../support/harness.js';
import { hasFlock, type ProgramBench, test } from '../support/program.js';

const root = path.resolve(import.meta.dirname, '../..');
const isRoot = process.getuid?.() === 0;
const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
const canBeNobody = isRoot && spawnSync('setpriv', [...asNobody.slice(1), 'true']).status === 0;
const oneLine = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (\S+ )?::::\[ERROR\] [^\n]+\n$/;

/** Copies the published program, so that a test can remove parts of it. */
function copyProgram(bench: ProgramBench): { script: string; dist: string } {
  const copy = path.join(bench.folder, 'copy');
  for (const part of ['bin', 'dist', 'package.json']) {
    cpSync(path.join(root, part), path.join(copy, part), { recursive: true });
  }
  return { script: path.join(copy, 'bin/chbackup.js'), dist: path.join(copy, 'dist') };
}

/** Removes the parts of a program whose names start with `beginning`. */
function removeParts(dist: string, beginning: string): void {
  const parts = readdirSync(dist).filter((name) => name.startsWith(beginning));
  expect(parts).not.toEqual([]);
  for (const name of parts) rmSync(path.join(dist, name));
}

describe('an incomplete program', () => {
  test('exits with 1 and one line that says what to do if dist is missing', async ({ bench }) => {
    const { script, dist } = copyProgram(bench);
    rmSync(dist, { recursive: true });
    const { code, stdout, stderr } = await bench.startRaw(['--version'], { script }).ended;
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(oneLine);
    expect(stderr).toMatch(
      /cannot be started: MODULE_NOT_FOUND \(install it again; a checkout needs npm run build\)/,
    );
    const json = await bench.startRaw(['--version', '--json'], { script }).ended;
    expect(JSON.parse(json.stderr)).toMatchObject({ level: 'error', exitCode: 1 });
  });

  test('exits with 1 and one line if the code of a command is missing', async ({ bench }) => {
    const { script, dist } = copyProgram(bench);
    removeParts(dist, 'execution-');
    const { code, stderr } = await bench.startRaw(['list', 'h'], { script }).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(oneLine);
    expect(stderr).toMatch(
      /\] a part of chbackup is missing \(if chbackup was just updated, run it again/,
    );
  });

  test('prints the error and keeps its exit code if the code that prints errors is missing', async ({
    bench,
  }) => {
    const { script, dist } = copyProgram(bench);
    removeParts(dist, 'failure-');
    const { code, stderr } = await bench.startRaw(['nope'], { script }).ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(oneLine);
    expect(stderr).toContain('::::[ERROR] unknown command (see chbackup --help)');
    const json = await bench.startRaw(['nope', '--json'], { script }).ended;
    expect(JSON.parse(json.stderr)).toMatchObject({ error: 'ConfigError', exitCode: 2 });
  });

  test.skipIf(!hasFlock)(
    'keeps its exit code if an update removed a part during the run (needs flock)',
    async ({ bench }) => {
      const { script, dist } = copyProgram(bench);
      const argv = ['create-full', bench.host, 'rlAPIuser', 'wrong'];
      const started = bench.startRaw(argv, { script });
      const release = await bench.heldAt(/./, started);
      removeParts(dist, 'failure-');
      release();
      const { code, stderr } = await started.ended;
      expect([code, stderr]).toEqual([12, expect.stringContaining('::::[ERROR]')]);
      expect(stderr).not.toMatch(/^\s+at /m);
    },
  );
});

describe('a Node.js that is too old', () => {
  test.for([
    ['v16.20.2', 2],
    ['v20.18.3', 2],
    ['v20.19.0', 0],
    ['v22.0.0', 0],
  ] as const)('%s leads to exit %i', async ([version, expected], { bench }) => {
    const preload = path.join(bench.folder, 'preload.cjs');
    writeFileSync(preload, `Object.defineProperty(process, 'version', { value: '${version}' });`);
    const env = { NODE_OPTIONS: `--require ${preload}` };
    const { code, stdout, stderr } = await bench.startRaw(['--version'], { env }).ended;
    expect(code).toBe(expected);
    if (expected === 0) return;
    expect(stdout).toBe('');
    expect(stderr).toMatch(oneLine);
    expect(stderr).toContain(
      `chbackup requires Node.js 20.19 or later (this is Node.js ${version}; update it, or put`,
    );
    const json = await bench.startRaw(['list', '--json'], { env }).ended;
    expect(JSON.parse(json.stderr)).toMatchObject({ error: 'ConfigError', exitCode: 2 });
  });

  test('can parse the file that says so', () => {
    const lines = readFileSync(path.join(root, 'bin/chbackup.js'), 'utf8');
    // None of the syntax that Node.js 6 lacks.
    expect(lines).not.toMatch(/\?\?|\?\.|async |await |catch \{|\.{3}/);
  });
});

describe('an uncaught error', () => {
  test.for([
    ['an exception', `throw new TypeError(process.argv[4])`, 'unexpected error: TypeError ('],
    [
      'a rejection',
      `Promise.reject(new RangeError(process.argv[4]))`,
      'unexpected error: RangeError (',
    ],
    ['a rejection with a text', `Promise.reject(process.argv[4])`, 'ERR_UNHANDLED_REJECTION ('],
    [
      'a system error',
      `require('node:net').connect('/no/such/socket')`,
      'unexpected error: Error ENOENT (',
    ],
  ] as const)(
    '%s leads to exit 1 and one line without the arguments',
    async ([, code, says], { bench }) => {
      const preload = path.join(bench.folder, 'preload.cjs');
      writeFileSync(preload, `process.on('SIGUSR2', () => { ${code} });`);
      const env = { NODE_OPTIONS: `--require ${preload}` };
      for (const more of [[], ['--json']]) {
        const argv = ['create-full', bench.host, 'rlAPIuser', secret, ...more];
        const started = bench.startRaw(argv, { env });
        await bench.heldAt(/./, started);
        started.child.kill('SIGUSR2');
        const { code: exitCode, stderr } = await started.ended;
        expect(exitCode).toBe(1);
        const last = stderr.trimEnd().split('\n').at(-1) ?? '';
        expect(last).toContain(says.replace(' (', more.length === 0 ? ' (' : '","hint"'));
        expect(stderr).not.toMatch(/^\s+at |Node\.js v/m);
      }
    },
  );

  test('exits with 1 if the event loop is empty before the work is done', async ({ bench }) => {
    const preload = path.join(bench.folder, 'preload.cjs');
    writeFileSync(preload, `global.setTimeout = () => ({ unref() { return this; }, ref() {} });`);
    const env = { NODE_OPTIONS: `--require ${preload}` };
    const { code, stderr } = await bench.startRaw(['list', '127.0.0.1:1'], { env }).ended;
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/chbackup exited before its work was finished/),
    ]);
  });
});

describe('the working directory', () => {
  test('may have been deleted', async ({ bench }) => {
    const deleted = path.join(bench.folder, 'deleted');
    mkdirSync(deleted);
    const run = (...argv: string[]) =>
      bench.startRaw(argv, {
        cwd: deleted,
        through: ['sh', '-c', `rmdir ${deleted}; exec "$@"`, 'sh'],
      });
    expect(await run('--version').ended).toMatchObject({ code: 0, stderr: '' });
    mkdirSync(deleted);
    const listed = await run('list', bench.host, 'rlAPIuser', secret).ended;
    expect([listed.code, listed.stderr]).toEqual([0, '']);
    mkdirSync(deleted);
    const binary = await run('list', '--binary-path', '/bin/false').ended;
    expect(binary.stderr).not.toContain('unexpected');
    mkdirSync(deleted);
    const relative = await run('list', bench.host, '--log-dir', 'log').ended;
    expect(relative.code).toBe(2);
    expect(relative.stderr).toMatch(oneLine);
  });

  test.skipIf(!canBeNobody)(
    'may be inaccessible and contain a .env (needs root and setpriv)',
    async ({ bench }) => {
      const { script } = copyProgram(bench);
      const cwd = path.join(bench.folder, 'private');
      mkdirSync(cwd);
      writeFileSync(path.join(cwd, '.env'), 'CHBACKUP_TIMEOUT=long\n');
      chmodSync(cwd, 0o700);
      chmodSync(bench.folder, 0o755);
      const argv = ['list', bench.host, 'rlAPIuser', secret];
      const { code, stderr } = await bench.startRaw(argv, { cwd, script, through: asNobody }).ended;
      expect([code, stderr]).toEqual([0, '']);
    },
  );
});

describe('output', () => {
  test.for(['>&-', '2>&-', '<&- >&- 2>&-', '</'])(
    'keeps the exit code with %s',
    async (how, { bench }) => {
      for (const [argv, code] of [
        ['--version', 0],
        ['nope', 2],
      ] as const) {
        const through = ['sh', '-c', `exec "$@" ${how}`, 'sh'];
        const ended = await bench.startRaw([argv], { through }).ended;
        expect([argv, ended.code]).toEqual([argv, code]);
        expect(ended.stderr).not.toMatch(/^\s+at /m);
      }
    },
  );

  test.skipIf(process.platform !== 'linux')(
    'exits with 1 and one line if stdout cannot be written',
    async ({ bench }) => {
      const full = openSync('/dev/full', 'w');
      const stdio: StdioOptions = ['ignore', full, 'pipe'];
      const list = ['list', bench.host, 'rlAPIuser', secret];
      for (const argv of [['--help'], ['--version'], ['help', 'list'], [], list]) {
        const { code, stderr } = await bench.startRaw(argv, { stdio }).ended;
        expect([argv[0], code]).toEqual([argv[0], 1]);
        expect(stderr).toMatch(oneLine);
        expect(stderr).toContain('cannot write to stdout: no space left on the device (');
      }
      const json = await bench.startRaw([...list, '--json'], { stdio }).ended;
      expect(json.code).toBe(1);
      expect(JSON.parse(json.stderr)).toMatchObject({ error: 'OutputError', exitCode: 1 });
      closeSync(full);
    },
  );

  test.skipIf(process.platform !== 'linux' || !hasFlock)(
    'records a backup whose result cannot be written to stdout (needs flock)',
    async ({ bench }) => {
      const full = openSync('/dev/full', 'w');
      const stdio: StdioOptions = ['ignore', full, 'pipe'];
      const argv = ['create-full', bench.host, 'rlAPIuser', secret];
      const { code, stderr } = await bench.startRaw([...argv, '--json'], { stdio }).ended;
      expect(code).toBe(1);
      expect(JSON.parse(stderr)).toMatchObject({
        hint: 'the command itself succeeded; only its output is lost',
      });
      expect(bench.file('last_backup')).toMatch(/^FULL_/);
      const silent = await bench.startRaw(argv, { stdio }).ended;
      expect(silent.code).toBe(0);
      closeSync(full);
    },
  );

  test('keeps the exit code and prints nothing if the reader of stdout is gone', async ({
    bench,
  }) => {
    for (let at = 0; at < 500; at++)
      bench.simulator.addBackup('remote', { name: `${'x'.repeat(200)}${at}` });
    const through = ['bash', '-c', '"$@" | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}', 'bash'];
    const argv = ['list', bench.host, 'rlAPIuser', secret];
    expect(await bench.startRaw(argv, { through }).ended).toMatchObject({ code: 0, stderr: '' });
  });

  test.skipIf(process.platform !== 'linux')(
    'keeps the exit code of an error on a full disk',
    async ({ bench }) => {
      const full = openSync('/dev/full', 'w');
      const { code } = await bench.startRaw(['nope'], { stdio: ['ignore', 'pipe', full] }).ended;
      closeSync(full);
      expect(code).toBe(2);
    },
  );
});
