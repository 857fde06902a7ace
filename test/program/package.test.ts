import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
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
  const run = (argument: string) =>
    execFileSync(installed, [argument], { cwd: folder, env: { PATH: process.env['PATH'] } });
  expect(run('--version').toString()).toBe(`${manifest.version}\n`);
  expect(run('--help').toString()).toContain('create-full');
  expect(readdirSync(path.join(prefix, 'lib/node_modules/chbackup')).sort()).toEqual([
    'LICENSE',
    'README.md',
    'bin',
    'dist',
    'package.json',
  ]);
});
