import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { test } from '../support/harness.js';

const hasFifo = spawnSync('mkfifo', ['--help']).error === undefined;

const unreadable: [what: string, make: (file: string) => void][] = [
  ['a directory', (file) => mkdirSync(file)],
  ['a symbolic link to nothing', (file) => symlinkSync('nothing', file)],
  ['a symbolic link to itself', (file) => symlinkSync('.env', file)],
  ['a symbolic link through a file', (file) => symlinkSync(`${import.meta.filename}/x`, file)],
  ['an endless device', (file) => symlinkSync('/dev/zero', file)],
  ['empty', (file) => writeFileSync(file, '')],
  ['binary', (file) => writeFileSync(file, Buffer.from([0, 255, 254, 10, 61, 0]))],
  [
    'larger than the longest string',
    (file) => {
      writeFileSync(file, 'CHBACKUP_TIMEOUT=long\n');
      truncateSync(file, 3 * 2 ** 30);
    },
  ],
];
if (hasFifo) unreadable.push(['a pipe', (file) => void spawnSync('mkfifo', [file])]);

describe('a .env that no option names', () => {
  test.for(unreadable)('is ignored if it is %s', async ([, make], { harness }) => {
    make(path.join(harness.folder, '.env'));
    const { code, stderr } = await harness.run('create-full');
    expect([code, stderr]).toEqual([0, expect.not.stringMatching(/WARNING|ERROR|\.env/)]);
  });
});

describe('a working directory that was deleted', () => {
  const environment = { cwd: undefined };

  test('is not needed if every path is absolute', async ({ harness }) => {
    harness.environment = environment;
    expect((await harness.run('create-full')).code).toBe(0);
  });

  test.for([
    { argv: ['--log-dir', 'log'], env: {}, file: 'log' },
    { argv: ['--settings', 'settings'], env: {}, file: 'settings' },
    { argv: ['--ca-file', 'ca.pem'], env: {}, file: 'ca.pem' },
    { argv: [], env: { CHBACKUP_PASSWORD_FILE: './pw' }, file: './pw' },
  ])('leads to exit 2 if $file is relative to it', async ({ argv, env, file }, { harness }) => {
    const running = harness.startRaw(['list', harness.host, 'u', ...argv], {
      ...environment,
      env: { CHBACKUP_LOG_DIR: harness.logDir, ...env },
    });
    const { code, stderr } = await running.done;
    expect(code).toBe(2);
    expect(stderr).toContain(
      `the working directory does not exist, and ${file} is relative to it (run chbackup in an existing`,
    );
    expect(harness.requests()).toEqual([]);
  });
});
