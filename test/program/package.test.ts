import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const root = path.resolve(import.meta.dirname, '../..');

/** Creates a checkout in which nothing has been built. */
function freshCheckout(folder: string): string {
  const checkout = path.join(folder, 'checkout');
  const tracked = [
    ...['bin', 'src', 'package.json', 'rolldown.config.ts', 'tsconfig.json'],
    ...['README.md', 'LICENSE'],
  ];
  for (const part of tracked) {
    cpSync(path.join(root, part), path.join(checkout, part), { recursive: true });
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(checkout, 'node_modules'));
  return checkout;
}

/** Runs a program with these arguments; nothing else of this process's environment but PATH. */
function run(installed: string, folder: string, ...argv: string[]) {
  const env = { PATH: process.env['PATH'], TZ: 'UTC' };
  const result = spawnSync(installed, argv, { cwd: folder, env, encoding: 'utf8' });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

/** Node.js itself takes `--env-file` from all arguments, and obeys NODE_OPTIONS in that file. */
function expectNodeKeepsOut(installed: string, folder: string): void {
  writeFileSync(path.join(folder, 'evil.cjs'), "process.stdout.write('EVIL');");
  writeFileSync(
    path.join(folder, 'settings'),
    'NODE_OPTIONS=--require ./evil.cjs\nCHBACKUP_TIMEOUT=long\n',
  );
  for (const option of ['--settings', '--env-file']) {
    for (const argv of [
      ['list', 'h', option, '/nope'],
      [`${option}=/nope`, 'list', 'h'],
    ]) {
      const { code, stdout, stderr } = run(installed, folder, ...argv);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(
        `the settings file /nope cannot be read: no such file or directory (check ${option})`,
      );
    }
    const { code, stdout, stderr } = run(installed, folder, 'list', 'h', option, 'settings');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('CHBACKUP_TIMEOUT in settings "long" is not a duration above 0');
  }
  const ifExists = run(installed, folder, 'list', 'h', '--env-file-if-exists', 'settings');
  expect(ifExists).toMatchObject({ code: 2, stdout: '' });
}

test('npm pack in a fresh checkout creates a working package', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'chbackup-package-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const cwd = freshCheckout(folder);
  const npm = (...args: string[]) => execFileSync('npm', args, { cwd, stdio: 'pipe' });
  npm('pack', '--pack-destination', folder);
  const tarball = `chbackup-${manifest.version}.tgz`;
  expect(readdirSync(folder)).toContain(tarball);

  const prefix = path.join(folder, 'prefix');
  npm('install', '--global', '--offline', '--prefix', prefix, path.join(folder, tarball));
  const installed = path.join(prefix, 'bin', 'chbackup');
  expect(run(installed, folder, '--version').stdout).toBe(`${manifest.version}\n`);
  expect(run(installed, folder, '--help').stdout).toContain('create-full');
  expectNodeKeepsOut(installed, folder);
  expect(readdirSync(path.join(prefix, 'lib/node_modules/chbackup')).sort()).toEqual([
    'LICENSE',
    'README.md',
    'bin',
    'dist',
    'package.json',
  ]);
});
