import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { hasFlock, test } from '../support/program.js';
import { secret } from '../support/harness.js';

const isLinux = process.platform === 'linux';
const withoutChown = ['--bounding-set=-chown', '--inh-caps=-chown'];
const canDropChown =
  process.getuid?.() === 0 && spawnSync('setpriv', [...withoutChown, 'true']).status === 0;

describe.skipIf(!hasFlock)('the program as a process (needs flock)', () => {
  test('exits with 0 after a full and a diff, with results on stdout and messages on stderr', async ({
    bench,
  }) => {
    const full = await bench.run('create-full', '--json');
    expect(full).toMatchObject({ code: 0, stderr: '' });
    const { backup } = JSON.parse(full.stdout) as { backup: string };
    expect(bench.file('last_backup')).toBe(backup);
    const diff = await bench.run('create-diff');
    expect(diff).toMatchObject({ code: 0, stdout: '' });
    expect(diff.stderr).toContain(`as an increment on ${backup}, verified and recorded`);
    expect(bench.simulator.isWhole(bench.file('last_backup') ?? '')).toBe(true);
  });

  test('runs through a symbolic link, as installed by npm', async ({ bench }) => {
    const link = path.join(bench.folder, 'chbackup');
    symlinkSync(path.resolve(import.meta.dirname, '../../bin/chbackup.js'), link);
    const { ended } = bench.startRaw(['--version'], { script: link });
    expect((await ended).code).toBe(0);
  });

  test.for([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)(
    '%s during the upload leads to exit %i, and the next run recovers',
    async ([signal, code], { bench }) => {
      const started = bench.start('create-full');
      await bench.heldAt(/GET \/backup\/actions\?filter=FULL/, started);
      started.child.kill(signal);
      const result = await started.ended;
      expect(result).toMatchObject({ code, signal: null });
      expect(result.stderr).toContain(`stopped by ${signal}`);
      expect(bench.file('run.json')).toContain('"phase":"upload"');
      const next = await bench.run('create-diff');
      expect(next.code).toBe(0);
      expect(next.stderr).toMatch(/FULL_\S+ of the previous run is complete/);
      expect(bench.file('run.json')).toBeUndefined();
    },
  );

  test.for([
    { phase: 'at its first request', request: /GET \/backup\/actions/, uploaded: false },
    { phase: 'at the create', request: /POST \/backup\/create/, uploaded: false },
    { phase: 'during the create', request: /GET \/backup\/status/, uploaded: false },
    { phase: 'at the upload', request: /POST \/backup\/upload/, uploaded: true },
    {
      phase: 'during the upload',
      request: /GET \/backup\/actions\?filter=FULL/,
      uploaded: true,
    },
    { phase: 'at the verification', request: /GET \/backup\/list\/remote/, uploaded: true },
  ])(
    'the next run recovers from kill -9 $phase without waiting for the lock',
    async ({ request, uploaded }, { bench }) => {
      const started = bench.start('create-full');
      await bench.heldAt(request, started);
      started.child.kill('SIGKILL');
      expect(await started.ended).toMatchObject({ code: null, signal: 'SIGKILL' });
      expect(bench.file('last_backup')).toBeUndefined();
      const { code, stderr } = await bench.run('create-diff', '--wait', '5s');
      expect(stderr).not.toContain('chbackup create-full');
      expect(code).toBe(0);
      expect(bench.file('run.json')).toBeUndefined();
      const last = bench.simulator.remote.get(bench.file('last_backup') ?? '');
      expect(last?.name).toMatch(/^DIFF_/);
      expect(last?.required).toMatch(uploaded ? /^FULL_/ : /^$/);
      expect(bench.simulator.isWhole(last?.name ?? '')).toBe(true);
    },
  );

  test('eight runs started at once on one host run one at a time', async ({ bench }) => {
    const results = await Promise.all(
      Array.from({ length: 8 }, () => bench.run('create-full', '--wait', '1m')),
    );
    expect(results.map(({ code }) => code)).toEqual(Array(8).fill(0));
    const actions = bench.simulator.actions
      .filter(({ command }) => /^(create|upload) /.test(command))
      .map(({ command }) => command.split(' '));
    expect(actions).toHaveLength(16);
    for (let at = 0; at < actions.length; at += 2) {
      expect(actions[at]).toEqual(['create', actions[at + 1]?.[1]]);
      expect(actions[at + 1]?.[0]).toBe('upload');
    }
    expect(new Set(actions.map(([, name]) => name)).size).toBe(8);
    expect(bench.simulator.remote.has(bench.file('last_backup') ?? '')).toBe(true);
  }, 60_000);

  test('runs on two hosts do not wait for each other', async ({ benchOf }) => {
    const [one, other] = [await benchOf({}), await benchOf({})];
    other.env['CHBACKUP_LOG_DIR'] = one.logDir;
    const results = await Promise.all([one, other].map((bench) => bench.run('create-full')));
    expect(results.map(({ code }) => code)).toEqual([0, 0]);
    const names = [one, other].map(({ simulator }) => [...simulator.remote.keys()][0]);
    expect(new Set(names).size).toBe(2);
    for (const { stderr } of results) expect(stderr).not.toContain('busy');
  });

  test('a second run exits with 11 and names the first', async ({ bench }) => {
    const first = bench.start('create-full');
    const release = await bench.heldAt(/POST \/backup\/upload/, first);
    const { code, stderr } = await bench.run('create-diff', '--wait', '0');
    expect(code).toBe(11);
    expect(stderr).toMatch(
      /another chbackup is working on \S+: create-full \(FULL_\S+\) since \d{4}-/,
    );
    release();
    expect((await first.ended).code).toBe(0);
    expect(bench.file('lock')).toBe('');
  });

  test('continues if stdout and stderr are closed early', async ({ bench }) => {
    const { child, ended } = bench.start('create-full', '--json', '--verbose');
    child.stdout?.destroy();
    child.stderr?.destroy();
    expect(await ended).toMatchObject({ code: 0, signal: null });
    expect(bench.simulator.remote.has(bench.file('last_backup') ?? '')).toBe(true);
  });

  test('writes files that other users can read', async ({ bench }) => {
    await bench.run('create-full');
    const file = bench.fileName('last_backup');
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(readdirSync(bench.logDir).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  test.skipIf(!canDropChown)(
    'replaces a file of another user as root without CAP_CHOWN (needs root and setpriv)',
    async ({ bench }) => {
      expect((await bench.run('create-full')).code).toBe(0);
      const file = bench.fileName('last_backup');
      chownSync(file, 1000, 1000);
      const { ended } = bench.startRaw(['create-full', bench.host, 'rlAPIuser', secret], {
        through: ['setpriv', ...withoutChown],
      });
      expect(await ended).toMatchObject({ code: 0 });
      expect(statSync(file).uid).toBe(0);
      expect(bench.simulator.remote.size).toBe(2);
    },
  );

  test.for([
    ['reported by busybox', "echo 'flock: No locks available' >&2; exit 1"],
    ['reported by util-linux', "echo 'flock: 3: No locks available' >&2; exit 71"],
  ] as const)(
    'exits with 1 at once on a file system without locks, %s',
    async ([, lines], { bench }) => {
      bench.makeHostKnown();
      bench.env['PATH'] = bench.shadow('flock', lines);
      const { code, stderr } = await bench.run('create-full');
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /cannot lock \S+_lock: no locks available \(the log directory must be on/,
      );
      expect(bench.simulator.requests).toEqual([]);
    },
  );

  test('accepts the form of clickhouse-backup-agent with a password that begins with a dash', async ({
    benchOf,
  }) => {
    for (const password of ['-p', '--help', '--json', '-']) {
      const bench = await benchOf({ password });
      const { ended } = bench.startRaw(['create_full_backup', bench.host, 'rlAPIuser', password]);
      expect((await ended).code).toBe(0);
      const diff = bench.startRaw(['create_diff_backup', bench.host, 'rlAPIuser', password]);
      expect((await diff.ended).code).toBe(0);
      expect(bench.simulator.remote.get(bench.file('last_backup') ?? '')?.required).toMatch(
        /^FULL_/,
      );
    }
  }, 30_000);

  describe.skipIf(!isLinux)('the list of processes (needs /proc)', () => {
    test('does not show the password after start-up, in the arguments or environment of any process', async ({
      bench,
    }) => {
      const recordFile = path.join(bench.folder, 'recorded');
      // Records the arguments and the environment of a child process, and our own arguments.
      const record = `{ tr '\\0' ' ' < /proc/$$/cmdline; env; tr '\\0' ' ' < /proc/$PPID/cmdline; } >> ${recordFile}`;
      const real = (process.env['PATH'] ?? '')
        .split(':')
        .map((folder) => path.join(folder, 'flock'))
        .find((file) => existsSync(file));
      bench.env['PATH'] = bench.shadow('flock', `${record}\nexec ${real} "$@"`);
      const started = bench.start('create-full');
      const { pid } = started;
      const argumentLists = new Set<string>();
      const state = { isOver: false };
      const over = started.ended.finally(() => (state.isOver = true));
      (await bench.heldAt(/./, started))();
      while (!state.isOver) {
        for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
          try {
            const parent = / \S (\d+) /.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1];
            if (name !== `${pid}` && parent !== `${pid}`) continue;
            argumentLists.add(readFileSync(`/proc/${name}/cmdline`, 'utf8'));
          } catch {
            // The process has ended meanwhile.
          }
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      expect((await over).code).toBe(0);
      expect([...argumentLists].join('\n')).toContain(`chbackup create-full ${bench.host}`);
      expect([...argumentLists].join('\n')).not.toContain(secret);
      const children = readFileSync(recordFile, 'utf8');
      expect(children).toContain('flock');
      expect(children).not.toContain(secret);
    });
  });
});

test('exits with 2 before any request and names the package if flock is not on PATH', async ({
  bench,
}) => {
  bench.makeHostKnown();
  const { ended } = bench.startRaw(['create-full', bench.host, 'rlAPIuser', secret], {
    env: { PATH: bench.folder },
  });
  const { code, stderr } = await ended;
  expect(code).toBe(2);
  expect(stderr).toMatch(/\[ERROR\] the program flock is not on PATH \(install util-linux/);
  expect(bench.simulator.requests).toEqual([]);
});
