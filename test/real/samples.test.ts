import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { firingTimes } from '../container/cronfile.js';
import { projectPath } from '../container/project-files.js';
import { cronOf } from '../deploy/calendar.js';
import { findProgram } from './programs.js';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'chbackup-samples-'));
  cpSync(projectPath('deploy'), folder, { recursive: true });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a tool on the samples; its output is shown if it fails. */
function expectSuccess(tool: string | undefined, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(tool ?? '', args, { cwd: folder, encoding: 'utf8' });
  expect({ status, output: stdout + stderr }).toEqual({ status: 0, output: expect.any(String) });
  return stdout + stderr;
}

const missing = ' (not on PATH)';

const promtool = findProgram('promtool');
describe.skipIf(promtool === undefined)(`promtool${promtool === undefined ? missing : ''}`, () => {
  test('accepts the rules', () => {
    const shown = expectSuccess(promtool, 'check', 'rules', 'prometheus/chbackup.rules.yml');
    expect(shown).toContain('9 rules found');
  });

  test('finds each alert as the tests of the rules expect it', () => {
    expectSuccess(promtool, 'test', 'rules', 'prometheus/chbackup.rules.test.yml');
  });

  // A test that passes whatever the rules say would be worthless.
  test.for([
    ['5 * 3600', '6 * 3600'],
    ['!= 11', ''],
    ['== 2', '>= 1'],
    ['8 * 86400', '9 * 86400'],
    ['3 * 3600', '4 * 3600'],
    ['or absent(', 'and absent('],
    ['max without (command)', 'max by (shard)'],
  ] as const)('notices if a rule has %s replaced by "%s"', ([from, to]) => {
    const file = path.join(folder, 'prometheus/chbackup.rules.yml');
    const text = readFileSync(file, 'utf8');
    const changed = text.replaceAll(/^(?!#).*$/gm, (line) => line.replaceAll(from, to));
    expect(changed).not.toBe(text);
    try {
      writeFileSync(file, changed);
      const args = ['test', 'rules', 'prometheus/chbackup.rules.test.yml'];
      expect(spawnSync(promtool ?? '', args, { cwd: folder }).status).toBe(1);
    } finally {
      writeFileSync(file, text);
    }
  });
});

const systemd = findProgram('systemd-analyze');
describe.skipIf(systemd === undefined)(
  `systemd-analyze${systemd === undefined ? missing : ''}`,
  () => {
    test('accepts the units', () => {
      const units = path.join(folder, 'units');
      mkdirSync(units);
      const names = readdirSync(path.join(folder, 'systemd')).filter(
        (name) => !name.endsWith('.env'),
      );
      expect(names).toHaveLength(6);
      for (const name of names) {
        const text = readFileSync(path.join(folder, 'systemd', name), 'utf8');
        // The program need not be installed on this machine.
        const runnable = text.replace('/usr/local/bin/chbackup ', '/bin/true ');
        writeFileSync(path.join(units, name), runnable);
      }
      const shown = expectSuccess(
        systemd,
        'verify',
        ...names.map((name) => path.join(units, name)),
      );
      // Unknown settings are only warnings, which name the unit.
      expect(shown).not.toContain('chbackup-');
    });

    test.for(Object.entries(cronOf))('%s is what cron calls %s', ([time, schedule]) => {
      const from = new Date('2026-11-23T00:00:00Z');
      const to = new Date('2026-12-07T00:00:00Z');
      const expected = firingTimes(schedule, from, to);
      const shown = expectSuccess(
        systemd,
        'calendar',
        `${time} UTC`,
        '--base-time=2026-11-22 23:59:59 UTC',
        `--iterations=${expected.length}`,
      );
      const times = [...shown.matchAll(/(?:elapse|#\d+): \w+ (\S+) (\S+) UTC$/gm)].map(
        ([, day, hour]) => `${day}T${hour}.000Z`,
      );
      expect(times).toEqual(expected.map((each) => each.toISOString()));
    });
  },
);

const validator = findProgram('kubernetes-validate');
describe.skipIf(validator === undefined)(
  `kubernetes-validate${validator === undefined ? missing : ''}`,
  () => {
    test.for(['chbackup.yaml', 'chbackup-without-volume.yaml'])('accepts %s', (name) => {
      const shown = expectSuccess(validator, '--strict', path.join('kubernetes', name));
      expect(shown.match(/passed for resource cronjob\//g)).toHaveLength(4);
    });
  },
);

const compose = findProgram('docker-compose');
describe.skipIf(compose === undefined)(
  `docker-compose${compose === undefined ? missing : ''}`,
  () => {
    test('reads docker-compose.yml with the override for secrets', () => {
      const files = ['docker-compose.yml', 'deploy/compose.secrets.yml'].flatMap((file) => [
        '-f',
        projectPath(file),
      ]);
      const shown = expectSuccess(compose, ...files, 'config');
      expect(shown).toMatch(/CHBACKUP_PASSWORD: ["']{2}/);
      expect(shown).toContain(`file: ${projectPath('secrets/chbackup_password')}`);
      expect(shown).not.toMatch(/(?:API|CHBACKUP)_PASSWORD: Pass123/);
    });
  },
);
