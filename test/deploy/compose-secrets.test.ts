import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readProjectFile } from '../container/project-files.js';
import { unknownVariablesIn } from './sample-commands.js';

interface Service {
  environment: Record<string, string>;
  secrets?: string[];
  command?: string[];
  healthcheck?: { test: string[] };
}

interface ComposeFile {
  services: Record<'clickhouse-backup-api' | 'agent', Service>;
  secrets: Record<string, { file: string }>;
}

const name = 'deploy/compose.secrets.yml';
const override = parse(readProjectFile(name)) as ComposeFile;
const base = parse(readProjectFile('docker-compose.yml'), { merge: true }) as ComposeFile;
const { agent, 'clickhouse-backup-api': api } = override.services;

describe('the override for secrets', () => {
  test('changes only services that docker-compose.yml has', () => {
    const missing = Object.keys(override.services).filter((each) => !(each in base.services));
    expect(missing).toEqual([]);
    expect(unknownVariablesIn(readProjectFile(name))).toEqual([]);
  });

  test('empties each variable with the user or the password of the API', () => {
    for (const [service, { environment }] of Object.entries(override.services)) {
      const inBase = base.services[service as 'agent'].environment;
      const secret = Object.keys(inBase).filter((each) => inBase[each]?.includes('{CHBACKUP_'));
      expect(secret).toHaveLength(2);
      for (const variable of secret) expect(environment[variable]).toBe('');
    }
  });

  test('gives both services the secrets, from files that git ignores', () => {
    const names = ['chbackup_user', 'chbackup_password'];
    expect(agent.secrets).toEqual(names);
    expect(api.secrets).toEqual(names);
    expect(override.secrets).toEqual({
      chbackup_user: { file: './secrets/chbackup_user' },
      chbackup_password: { file: './secrets/chbackup_password' },
    });
    expect(readProjectFile('.gitignore').split('\n')).toContain('secrets/');
    expect(agent.environment).toMatchObject({
      CHBACKUP_USER_FILE: '/run/secrets/chbackup_user',
      CHBACKUP_PASSWORD_FILE: '/run/secrets/chbackup_password',
    });
  });
});

test('the ping of the override is complete once its lines are uncommented', () => {
  const lines =
    /^( *)# ((?:CHBACKUP_PING_URL_FILE:|- chbackup_ping_url|chbackup_ping_url:| {2}file:).*)$/gm;
  const { services, secrets } = parse(readProjectFile(name).replace(lines, '$1$2')) as ComposeFile;
  const added = 'chbackup_ping_url';
  expect(services.agent.environment['CHBACKUP_PING_URL_FILE']).toBe(`/run/secrets/${added}`);
  expect(services.agent.secrets).toEqual([...(agent.secrets ?? []), added]);
  expect(secrets).toEqual({ ...override.secrets, [added]: { file: `./secrets/${added}` } });
  expect(services['clickhouse-backup-api']).toEqual(api);
});

describe('the API server of the override', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'chbackup-secrets-'));
    const stub = path.join(folder, 'clickhouse-backup');
    writeFileSync(stub, '#!/bin/sh\nprintf "%s %s %s" "$1" "$API_USERNAME" "$API_PASSWORD"\n');
    chmodSync(stub, 0o755);
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Returns a shell script of the file as the container gets it, with the secrets in the folder. */
  const inFolder = (script: string | undefined) =>
    (script ?? '').replaceAll('$$', '$').replaceAll('/run/secrets', folder);

  const start = () =>
    spawnSync('sh', ['-ec', inFolder(api.command?.[2])], {
      env: { PATH: `${folder}:${process.env['PATH']}`, API_USERNAME: '', API_PASSWORD: '' },
      encoding: 'utf8',
    });

  const writeSecret = (of: string, text: string) =>
    writeFileSync(path.join(folder, `chbackup_${of}`), text);

  test('gets user and password from the files', () => {
    expect(api.command?.slice(0, 2)).toEqual(['bash', '-ec']);
    writeSecret('user', 'rlAPIuser\n');
    writeSecret('password', 'a $HOME "b"\n');
    expect(start()).toMatchObject({ status: 0, stdout: 'server rlAPIuser a $HOME "b"' });
  });

  test.for([[], ['user'], ['password']])('does not start with only %s', (present) => {
    for (const of of present) writeSecret(of, 'x');
    expect(start()).toMatchObject({ status: 1, stdout: '' });
  });

  test('does not start with an empty password', () => {
    writeSecret('user', 'rlAPIuser');
    writeSecret('password', '\n');
    expect(start()).toMatchObject({ status: 1, stdout: '' });
  });

  test('is checked with user and password from the files, on standard input', () => {
    writeSecret('user', 'rlAPIuser');
    writeSecret('password', 'a "b" \\c\n');
    const [shell, script] = api.healthcheck?.test ?? [];
    expect(shell).toBe('CMD-SHELL');
    const curl = path.join(folder, 'curl');
    writeFileSync(curl, '#!/bin/sh\ncat; echo; echo "$@"\n');
    chmodSync(curl, 0o755);
    const shown = execFileSync('sh', ['-c', inFolder(script)], {
      env: { PATH: `${folder}:${process.env['PATH']}` },
      encoding: 'utf8',
    });
    expect(shown.trim().split('\n')).toEqual([
      'user = "rlAPIuser:a \\"b\\" \\\\c"',
      '-fsS -o /dev/null -K - http://127.0.0.1:7171/health',
    ]);
  });
});
