import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** A `clickhouse-backup` program and what it says its version is. */
export interface BackupProgram {
  path: string;
  version: string;
}

/** The path of a program on PATH, or undefined. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder);
  return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

/**
 * The programs to test against: every one in CHBACKUP_TEST_BINARIES (paths, separated as on PATH),
 * else the one on PATH. Throws if one of the variable is not there: then it is a slip, not a lack.
 */
export function findBackupPrograms(): BackupProgram[] {
  const named = (process.env['CHBACKUP_TEST_BINARIES'] ?? '').split(path.delimiter).filter(Boolean);
  for (const file of named) {
    if (!isExecutable(file)) throw new Error(`CHBACKUP_TEST_BINARIES: ${file} is no program`);
  }
  const onPath = findProgram('clickhouse-backup');
  const found = named.length > 0 ? named : onPath === undefined ? [] : [onPath];
  return found.map((file) => ({ path: file, version: versionOf(file) }));
}

/** What the stack of ClickHouse, FTP and clickhouse-backup lacks here, as it reads in a title. */
export function missingParts(): string[] {
  const missing = ['clickhouse-server', 'pure-ftpd', 'pure-pw', 'flock']
    .filter((name) => findProgram(name) === undefined)
    .map((name) => `no ${name} on PATH`);
  if (findBackupPrograms().length === 0) missing.push('no clickhouse-backup on PATH');
  if (process.getuid?.() !== 0) missing.push('not root, which pure-ftpd has to be');
  return missing;
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
