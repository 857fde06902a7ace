import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { instructionsOf, stagesOf } from './dockerfile.js';
import { projectPath, readProjectFile } from './project-files.js';

const dockerfile = readProjectFile('Dockerfile');
const instructions = instructionsOf(dockerfile);
const [binary = [], build = [], image = []] = stagesOf(instructions);

const texts = (of: typeof instructions, name: string) =>
  of.filter((instruction) => instruction.name === name).map((instruction) => instruction.text);

describe('the Dockerfile', () => {
  test('uses node:24-alpine and clickhouse-backup 2.4.0 by default', () => {
    expect(texts(instructions, 'ARG')).toEqual([
      'NODE_VERSION=24',
      'CLICKHOUSE_BACKUP_VERSION=2.4.0',
    ]);
    expect(texts(instructions, 'FROM')).toEqual([
      'altinity/clickhouse-backup:${CLICKHOUSE_BACKUP_VERSION} AS clickhouse-backup',
      'node:${NODE_VERSION}-alpine AS build',
      'node:${NODE_VERSION}-alpine',
    ]);
    expect(binary).toHaveLength(1);
  });

  test('builds in a separate stage, from the lock file', () => {
    expect(texts(build, 'RUN')).toEqual([
      'npm ci --ignore-scripts --no-audit --no-fund',
      'npm run build && chmod 0755 bin/chbackup.js',
    ]);
  });

  test('copies only the bundle of the program', () => {
    expect(texts(image, 'COPY')).toEqual([
      '--from=clickhouse-backup /bin/clickhouse-backup /usr/bin/clickhouse-backup',
      '--from=build /build/package.json /opt/chbackup/',
      '--from=build /build/bin /opt/chbackup/bin/',
      '--from=build /build/dist /opt/chbackup/dist/',
      '--chmod=0600 cronfile /etc/crontabs/root',
      '--chmod=0644 logrotate /etc/logrotate.d/chbackup',
    ]);
  });

  test('installs logrotate, tini and tzdata and removes npm', () => {
    const [run = ''] = texts(image, 'RUN');
    expect(run).toMatch(/^apk add --no-cache logrotate tini tzdata && rm -rf /);
    expect(run).toContain('/usr/local/lib/node_modules');
  });

  test('puts chbackup on PATH', () => {
    const link = 'ln -s /opt/chbackup/bin/chbackup.js /usr/local/bin/chbackup';
    expect(texts(image, 'RUN')).toContain(link);
    expect(readProjectFile('bin/chbackup.js')).toMatch(
      /^#!\/bin\/sh\n.*exec node -- "\$0" "\$@"\n/,
    );
  });

  test('runs crond in the foreground under tini, with its log on stderr', () => {
    expect(JSON.parse(texts(image, 'ENTRYPOINT').join())).toEqual(['/sbin/tini', '--']);
    expect(JSON.parse(texts(image, 'CMD').join())).toEqual([
      'crond',
      '-f',
      '-l',
      '8',
      '-L',
      '/dev/stderr',
    ]);
  });

  test('checks that crond is running and the log directory can be written', () => {
    expect(texts(image, 'HEALTHCHECK').join()).toMatch(/CMD pgrep -x crond .* && echo ok > /);
  });

  test('keeps the log directory on a volume', () => {
    expect(texts(image, 'VOLUME')).toEqual(['["/var/log/clickhouse-backup"]']);
  });

  test('contains no secret', () => {
    expect(texts(instructions, 'ENV')).toEqual([]);
    expect(dockerfile).not.toMatch(/Pass123|PASSWORD|SECRET|TOKEN/);
  });
});

describe('.dockerignore', () => {
  const lines = readProjectFile('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

  test('includes only the named files', () => {
    expect(lines[0]).toBe('*');
    expect(lines.slice(1).every((line) => /^![\w.-]+$/.test(line))).toBe(true);
    expect(lines).not.toContain('!.env');
    expect(lines).not.toContain('!node_modules');
  });

  test('includes everything that the Dockerfile copies', () => {
    const copied = instructions
      .filter(({ name, words }) => name === 'COPY' && !words[0]?.startsWith('--from='))
      .flatMap(({ words }) => words.slice(0, -1))
      .filter((word) => word !== '.' && !word.startsWith('--'));
    expect(copied).toContain('cronfile');
    for (const name of copied) expect(lines).toContain(`!${name}`);
  });

  test('names only existing files', () => {
    const names = lines.slice(1).map((line) => line.slice(1));
    expect(names.filter((name) => !existsSync(projectPath(name)))).toEqual([]);
  });
});
