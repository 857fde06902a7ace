import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaults } from '../../src/config/names.js';
import { findProgram } from '../real/programs.js';
import { instructionsOf } from './dockerfile.js';
import { readProjectFile } from './project-files.js';

const healthCheck = instructionsOf(readProjectFile('Dockerfile')).find(
  ({ name }) => name === 'HEALTHCHECK',
);
const script = (healthCheck?.text ?? '').replace(/^.*? CMD /, '');

const shells = [['sh'], ['busybox', 'sh']].filter(([name = '']) => findProgram(name));

describe.for(shells)('the health check of the image, in %s', ([shell = '', ...applet]) => {
  let folder = '';
  let logs = '';

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'chbackup-health-'));
    logs = path.join(folder, 'logs');
    mkdirSync(logs);
    setCrond(true);
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Puts a pgrep on PATH that finds crond, or nothing. */
  function setCrond(running: boolean): void {
    const answer = running ? '[ "$*" = "-x crond" ] && echo 7' : 'exit 1';
    writeFileSync(path.join(folder, 'pgrep'), `#!/bin/sh\n${answer}\n`, { mode: 0o755 });
  }

  const check = (text = script) =>
    spawnSync(shell, [...applet, '-c', text], {
      env: { PATH: `${folder}:${process.env['PATH']}`, CHBACKUP_LOG_DIR: logs },
      encoding: 'utf8',
    });

  test('is good, prints nothing and leaves no file', () => {
    expect(check()).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(readdirSync(logs)).toEqual([]);
  });

  test('is bad if crond does not run', () => {
    setCrond(false);
    expect(check().status).toBe(1);
    expect(readdirSync(logs)).toEqual([]);
  });

  test('is bad if the log directory is missing, and says so', () => {
    rmSync(logs, { recursive: true });
    const { status, stderr } = check();
    expect(status).toBe(1);
    expect(stderr).toContain(logs);
  });

  test.skipIf(!existsSync('/dev/full'))('is bad if the disk is full', () => {
    symlinkSync('/dev/full', path.join(logs, '.healthcheck'));
    expect(check().status).toBe(1);
  });

  test('is good again after one that was killed in the middle', () => {
    writeFileSync(path.join(logs, '.healthcheck'), '');
    expect(check().status).toBe(0);
    expect(readdirSync(logs)).toEqual([]);
  });

  test('looks at the default directory if no other is set', () => {
    expect(script).toContain(`"\${CHBACKUP_LOG_DIR:-${defaults.logDir}}/.healthcheck"`);
    const elsewhere = script.replace(defaults.logDir, logs).replace('CHBACKUP_LOG_DIR', 'UNSET');
    expect(check(elsewhere).status).toBe(0);
  });
});
