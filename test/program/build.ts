import { execFileSync } from 'node:child_process';
import path from 'node:path';

/** Builds the program in the form that is published, once before its tests. */
export function setup(): void {
  const cwd = path.resolve(import.meta.dirname, '../..');
  execFileSync('npm', ['run', '--silent', 'build'], {
    cwd,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
