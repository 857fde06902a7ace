import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The path of the built `bin/chbackup.js`; as in the package, there is no `node_modules`. */
    program: string;
  }
}

/** Builds the program into a temporary folder, once for all tests of the real stack. */
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(path.join(tmpdir(), 'chbackup-program-'));
  const remove = () => rmSync(folder, { recursive: true });
  try {
    execFileSync('npm', ['run', '--silent', 'build', '--', '--dir', path.join(folder, 'dist')]);
    cpSync('bin', path.join(folder, 'bin'), { recursive: true });
  } catch (error) {
    remove();
    throw error;
  }
  project.provide('program', path.join(folder, 'bin', 'chbackup.js'));
  return remove;
}
