import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openMetricsFolder } from '../../src/notify/metrics-folder.js';
import { describeErrno } from '../../src/text.js';
import { MetricsFiles } from '../support/monitors.js';

const name = 'chbackup_ch1.prom';

function openFiles() {
  const files = new MetricsFiles();
  onTestFinished(() => files.remove());
  return { files, folder: openMetricsFolder(files.directory) };
}

/** Returns the problem of a write, in words. */
async function problemOf(write: Promise<void>): Promise<string | undefined> {
  return write.then(
    () => undefined,
    (error: unknown) => describeErrno(error),
  );
}

test('a file is replaced, readable for all and without leftovers', async () => {
  const { files, folder } = openFiles();
  const umask = process.umask(0o077);
  onTestFinished(() => void process.umask(umask));
  expect(await folder.read(name)).toBeUndefined();
  await folder.replace(name, 'one\n');
  await folder.replace(name, 'two\n');
  expect(files.names).toEqual([name]);
  expect(await folder.read(name)).toBe('two\n');
  expect(statSync(path.join(files.directory, name)).mode & 0o777).toBe(0o644);
});

test('a file that is being written never has a name that the collector reads', async () => {
  const { files, folder } = openFiles();
  const seen = new Set<string>();
  const writing = folder.replace(name, 'x'.repeat(5_000_000));
  const done = writing.then(() => 'done');
  const turn = () => new Promise((resolve) => void setImmediate(resolve, 'turn'));
  while ((await Promise.race([done, turn()])) !== 'done') {
    for (const one of readdirSync(files.directory)) seen.add(one);
  }
  expect(files.read(name)).toHaveLength(5_000_000);
  expect([...seen].filter((one) => one.endsWith('.prom') && one !== name)).toEqual([]);
});

test('many writers at once leave one file of one of them', async () => {
  const { files, folder } = openFiles();
  const texts = Array.from({ length: 20 }, (_, at) => `${at}\n`.repeat(1000));
  await Promise.all(texts.map((text) => folder.replace(name, text)));
  expect(files.names).toEqual([name]);
  expect(texts).toContain(files.read(name));
});

test('what a killed run has left is removed, but not what others are writing', async () => {
  const { files, folder } = openFiles();
  const own = (at: number) => `.${name}.00000000-0000-4000-8000-00000000000${at}`;
  const others = ['other.prom', '.other.prom.00000000-0000-4000-8000-000000000000'];
  for (const each of [own(1), own(2), ...others]) {
    writeFileSync(path.join(files.directory, each), 'half');
  }
  const hoursAgo = Date.now() / 1000 - 2 * 3600;
  for (const each of [own(1), ...others]) {
    utimesSync(path.join(files.directory, each), hoursAgo, hoursAgo);
  }
  await folder.replace(name, 'one\n');
  expect(files.names).toEqual([own(2), name, ...others].toSorted());
});

describe('a directory that cannot be written', () => {
  test('is missing, and is not created', async () => {
    const { files } = openFiles();
    const missing = path.join(files.folder, 'missing');
    const problem = await problemOf(openMetricsFolder(missing).replace(name, 'x'));
    expect([problem, existsSync(missing)]).toEqual(['no such file or directory', false]);
  });

  test('is a file', async () => {
    const { files } = openFiles();
    const file = path.join(files.folder, 'file');
    writeFileSync(file, '');
    const problem = await problemOf(openMetricsFolder(file).replace(name, 'x'));
    expect(problem).toBe('part of the path is not a directory');
  });

  test('is read-only', async () => {
    const { files, folder } = openFiles();
    chmodSync(files.directory, 0o555);
    onTestFinished(() => chmodSync(files.directory, 0o755));
    if (process.getuid?.() === 0) {
      // Root may write anyway, except into the kernel's own file system.
      const problem = await problemOf(openMetricsFolder('/proc/self').replace(name, 'x'));
      expect(problem).toMatch(/./);
    } else {
      expect(await problemOf(folder.replace(name, 'x'))).toBe('permission denied');
      expect(files.names).toEqual([]);
    }
  });

  test('has a directory with the name of the file', async () => {
    const { files, folder } = openFiles();
    mkdirSync(path.join(files.directory, name));
    expect(await problemOf(folder.replace(name, 'x'))).toBe('it is a directory');
    expect(files.names).toEqual([name]);
  });
});

test('a previous file that is not a small regular file is not read', async () => {
  const { files, folder } = openFiles();
  const file = path.join(files.directory, name);
  execFileSync('mkfifo', [file]);
  expect(await folder.read(name)).toBeUndefined();
  symlinkSync('/dev/zero', path.join(files.directory, 'endless.prom'));
  expect(await folder.read('endless.prom')).toBeUndefined();
  writeFileSync(path.join(files.directory, 'large.prom'), 'x'.repeat(2_000_000));
  expect(await folder.read('large.prom')).toBeUndefined();
});
