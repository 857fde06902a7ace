import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/time/clock.js';
import { readCronEntries } from '../container/cronfile.js';
import { instructionsOf } from '../container/dockerfile.js';
import { projectPath, readProjectFile } from '../container/project-files.js';
import { type ListeningSimulator, serve } from '../simulator/http-server.js';
import { Simulator } from '../simulator/simulator.js';
import { findProgram } from './programs.js';

const busybox = findProgram('busybox');
const missing = [
  !busybox && 'no busybox on PATH',
  !existsSync(projectPath('dist/start.cjs')) && 'dist is missing: npm run build',
  process.getuid?.() !== 0 && 'not root',
].filter(Boolean);

const credentials = { username: 'rlAPIuser', password: 'S3cret-of-the-environment' };
const secrets = [
  credentials.password,
  Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64'),
];

/** Returns the command line of the image, with another directory of crontabs. */
function crondCommand(crontabs: string): string[] {
  const command = instructionsOf(readProjectFile('Dockerfile')).findLast(
    ({ name }) => name === 'CMD',
  );
  return [...(JSON.parse(command?.text ?? '[]') as string[]), '-c', crontabs];
}

describe.skipIf(missing.length > 0)(`crond, as shipped ${missing.join(', ')}`, () => {
  let folder = '';
  let logs = '';
  let host = '';
  let simulator: Simulator;
  let server: ListeningSimulator;
  let crond: ChildProcess;
  let stdout = '';
  let stderr = '';

  const lastBackup = () =>
    readFileSync(path.join(logs, `.${host.replace(':', '_')}_last_backup`), 'utf8').trim();

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'chbackup-crond-'));
    logs = path.join(folder, 'logs');
    const programs = path.join(folder, 'bin');
    const crontabs = path.join(folder, 'crontabs');
    for (const each of [logs, programs, crontabs]) mkdirSync(each);
    symlinkSync(projectPath('bin/chbackup.js'), path.join(programs, 'chbackup'));

    simulator = new Simulator({
      version: '2.4.0',
      clock: systemClock,
      ...credentials,
      workMs: { create: 100, upload: 200, list: 20 },
    });
    server = await serve(simulator);
    host = `127.0.0.1:${server.port}`;

    const rotation = path.join(folder, 'logrotate');
    writeFileSync(
      rotation,
      readProjectFile('logrotate').replaceAll('/var/log/clickhouse-backup', logs),
      { mode: 0o644 },
    );
    let crontab = readProjectFile('cronfile')
      .replaceAll('/etc/logrotate.d/chbackup', rotation)
      .replaceAll('/var/log/clickhouse-backup', logs)
      .replaceAll(/(create-\w+) clickhouse-backup-api$/gm, `$1 ${host}`);
    for (const { schedule } of readCronEntries(crontab).filter((entry) => entry.active)) {
      const fields = new RegExp(
        `^ *${schedule.replaceAll('*', '\\*').replaceAll(' ', ' +')} `,
        'm',
      );
      crontab = crontab.replace(fields, '* * * * * ');
    }
    writeFileSync(path.join(crontabs, 'root'), crontab, { mode: 0o600 });

    crond = spawn(busybox ?? '', crondCommand(crontabs), {
      env: {
        PATH: `${programs}:${process.env['PATH']}:/usr/sbin`,
        CHBACKUP_USER: credentials.username,
        CHBACKUP_PASSWORD: credentials.password,
        CHBACKUP_LOG_DIR: logs,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    crond.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    crond.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));

    // crond starts three jobs at the full minute; they run one after the other.
    const deadline = Date.now() + 110_000;
    while (simulator.remote.size < 3 && Date.now() < deadline) await sleep(100);
    // Stops crond before it starts them again; the last job still has to verify its upload.
    crond.kill('SIGTERM');
    while (
      existsSync(path.join(logs, `.${host.replace(':', '_')}_run.json`)) &&
      Date.now() < deadline
    ) {
      await sleep(100);
    }
    await sleep(500);
  }, 150_000);

  afterAll(async () => {
    crond.kill('SIGKILL');
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('starts chbackup from PATH, once per line, with user and password from the environment', () => {
    const names = [...simulator.remote.keys()];
    expect(names.filter((name) => name.startsWith('FULL_CH_BK_'))).toHaveLength(1);
    expect(names.filter((name) => name.startsWith('DIFF_CH_BK_'))).toHaveLength(2);
    expect(new Set(simulator.requests.map((request) => request.authorization))).toEqual(
      new Set([`Basic ${secrets[1]}`]),
    );
    expect(simulator.unknownRoutes).toEqual([]);
  });

  test('jobs that start at the same time use the server one after the other', () => {
    const chain = [...simulator.remote.values()].map((backup) => backup.required);
    expect(chain.filter((required) => required !== '')).not.toEqual([]);
    expect(simulator.remote.has(lastBackup())).toBe(true);
  });

  test('logs what it starts, and passes on the log lines of chbackup', () => {
    expect(stderr).toContain(`crond: USER root pid`);
    expect(stderr).toContain(`cmd chbackup create-full ${host}`);
    expect(stderr.match(new RegExp(`cmd chbackup create-diff ${host}`, 'g'))).toHaveLength(2);
    expect(stderr).toContain('[INFO]');
    expect(stderr).not.toContain('[ERROR]');
    expect(stderr).not.toContain('parse error');
  });

  test('logs nothing to standard output', () => {
    expect(stdout).not.toContain('crond');
    expect(stdout).not.toContain('[INFO]');
  });

  test('shows no secret in its output or in a file', () => {
    const log = readFileSync(path.join(logs, `${host.replace(':', '_')}_backup_ch.log`), 'utf8');
    for (const secret of secrets) {
      for (const text of [stdout, stderr, log]) expect(text).not.toContain(secret);
    }
    expect(log.match(/##### started at/g)).toHaveLength(3);
    expect(log.match(/##### finished at/g)).toHaveLength(3);
  });
});
