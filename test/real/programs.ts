import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** A `clickhouse-backup` program and the version that it shows. */
export interface BackupProgram {
  path: string;
  version: string;
}

/** Returns the path of a program on PATH, or undefined. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder);
  return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

/**
 * Returns the programs to test: those in CHBACKUP_TEST_BINARIES (paths, separated as in PATH), or
 * else the one on PATH. Throws if one in the variable does not exist, because that is a mistake.
 */
export function findBackupPrograms(): BackupProgram[] {
  const named = (process.env['CHBACKUP_TEST_BINARIES'] ?? '').split(path.delimiter).filter(Boolean);
  for (const file of named) {
    if (!isExecutable(file)) throw new Error(`CHBACKUP_TEST_BINARIES: ${file} is not executable`);
  }
  const onPath = findProgram('clickhouse-backup');
  const found = named.length > 0 ? named : onPath === undefined ? [] : [onPath];
  return found.map((file) => ({ path: file, version: versionOf(file) }));
}

/** Returns what is missing here for the real stack, in words for a test title. */
export function missingParts(): string[] {
  const missing = ['clickhouse-server', 'pure-ftpd', 'pure-pw', 'flock']
    .filter((name) => findProgram(name) === undefined)
    .map((name) => `no ${name} on PATH`);
  if (findBackupPrograms().length === 0) missing.push('no clickhouse-backup on PATH');
  if (process.getuid?.() !== 0) missing.push('not root, which pure-ftpd has to be');
  return missing;
}

/** Development builds, whose version is not a number, count as the newest. */
export function isAtLeast(program: BackupProgram, ...wanted: number[]): boolean {
  const version = program.version.split('.').map(Number);
  if (version.some((part) => Number.isNaN(part))) return true;
  const at = wanted.findIndex((part, index) => part !== version[index]);
  return at === -1 || (version[at] ?? 0) > (wanted[at] ?? 0);
}

function versionOf(file: string): string {
  const text = execFileSync(file, ['--version'], { encoding: 'utf8' });
  return /^Version:\s*(\S+)/m.exec(text)?.[1] ?? 'of no version';
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
