import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { chmodSync, existsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readProjectFile } from '../container/project-files.js';
import { findProgram } from './programs.js';

const logrotate = findProgram('logrotate');
const missing = [
  !logrotate && 'no logrotate on PATH',
  process.getuid?.() !== 0 && 'not root',
].filter(Boolean);

const log = 'ch-1_backup_ch.log';
const hidden = ['.ch-1_last_backup', '.ch-1_run.json', '.ch-1_lock', '.given_names', '.hidden.log'];

describe.skipIf(missing.length > 0)(`logrotate, as shipped ${missing.join(', ')}`, () => {
  let folder = '';
  let logs = '';
  let config = '';
  let state = '';

  const run = (...options: string[]) =>
    spawnSync(logrotate ?? '', [...options, '--state', state, config], { encoding: 'utf8' });

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'chbackup-logrotate-'));
    logs = path.join(folder, 'logs');
    config = path.join(folder, 'chbackup');
    // As in the cronfile: a hidden file in the directory of the logs.
    state = path.join(logs, '.logrotate_state');
    mkdirSync(logs);
    const text = readProjectFile('logrotate').replaceAll('/var/log/clickhouse-backup', logs);
    writeFileSync(config, text, { mode: 0o644 });
    for (const name of hidden) writeFileSync(path.join(logs, name), `${name}\n`);
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const expectHiddenFilesUntouched = () => {
    for (const name of hidden) {
      expect(readFileSync(path.join(logs, name), 'utf8')).toBe(`${name}\n`);
    }
    expect(readdirSync(logs).filter((name) => /^\..*\d/.test(name.replace('ch-1', '')))).toEqual(
      [],
    );
  };

  test('the configuration is read without errors', () => {
    const { status, stderr } = run('--debug');
    expect(status).toBe(0);
    expect(stderr).not.toMatch(/error|unknown|bad/i);
    expect(stderr).toContain('weekly (14 rotations)');
  });

  test('moves and compresses the log, creates a new one, and keeps the hidden files', () => {
    writeFileSync(path.join(logs, log), 'first\n', { mode: 0o640 });
    expect(run('--force')).toMatchObject({ status: 0, stderr: '' });
    expect(gunzipSync(readFileSync(path.join(logs, `${log}.1.gz`))).toString()).toBe('first\n');
    expect(statSync(path.join(logs, log))).toMatchObject({ size: 0 });
    expect(statSync(path.join(logs, log)).mode & 0o777).toBe(0o640);
    expectHiddenFilesUntouched();
  });

  test('keeps the newest 14', () => {
    for (let week = 1; week <= 16; week += 1) {
      writeFileSync(path.join(logs, log), `week ${week}\n`);
      expect(run('--force')).toMatchObject({ status: 0, stderr: '' });
    }
    const kept = readdirSync(logs).filter((name) => name.endsWith('.gz'));
    expect(kept).toHaveLength(14);
    const textOf = (name: string) => gunzipSync(readFileSync(path.join(logs, name))).toString();
    expect(textOf(`${log}.1.gz`)).toBe('week 16\n');
    expect(textOf(`${log}.14.gz`)).toBe('week 3\n');
    expectHiddenFilesUntouched();
  });

  test('does not rotate before the week is over, although it runs every day', () => {
    writeFileSync(path.join(logs, log), 'first\n');
    run();
    run();
    expect(readdirSync(logs).filter((name) => !name.startsWith('.'))).toEqual([log]);
  });

  test('rotates a week later', () => {
    writeFileSync(path.join(logs, log), 'first\n');
    writeFileSync(state, `logrotate state -- version 2\n"${logs}/${log}" 2024-1-1-6:0:0\n`, {
      mode: 0o600,
    });
    expect(run()).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(path.join(logs, `${log}.1.gz`))).toBe(true);
  });

  test('does not rotate an empty log, and accepts a missing one', () => {
    expect(run('--force')).toMatchObject({ status: 0, stderr: '' });
    writeFileSync(path.join(logs, log), '');
    expect(run('--force')).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(path.join(logs, `${log}.1.gz`))).toBe(false);
  });

  test('works in a volume that is writable for a group', () => {
    execFileSync('chgrp', ['nogroup', logs]);
    chmodSync(logs, 0o775);
    writeFileSync(path.join(logs, log), 'first\n');
    expect(run('--force')).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(path.join(logs, `${log}.1.gz`))).toBe(true);
  });
});
