import { execFileSync } from 'node:child_process';
import path from 'node:path';

/** The program as it is shipped, built once before its tests. */
export function setup(): void {
  const root = path.resolve(import.meta.dirname, '../..');
  execFileSync(
    process.execPath,
    [path.join(root, 'node_modules/.bin/tsdown'), '--logLevel', 'error'],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
}
