import { existsSync, readdirSync } from 'node:fs';
import { parse as parseEnvironment } from 'dotenv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readCronEntries } from './cronfile.js';
import { instructionsOf } from './dockerfile.js';
import { projectPath, readProjectFile } from './project-files.js';

interface Service {
  image?: string;
  build?: { context: string; args: Record<string, string> };
  hostname: string;
  command?: string;
  restart: string;
  logging: { options: Record<string, string> };
  environment: Record<string, string>;
  ports?: string[];
  volumes: string[];
  tmpfs?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[]; interval: string; timeout: string; retries: number };
}

interface ComposeFile {
  services: Record<'clickhouse' | 'clickhouse-backup-api' | 'agent' | 'ftp', Service>;
  volumes: Record<string, unknown>;
}

const variable = /\$\{(\w+):-([^}]*)\}/g;

/** Returns the compose file as Docker Compose reads it with these variables. */
function readCompose(variables: Record<string, string> = {}): ComposeFile {
  const text = readProjectFile('docker-compose.yml').replaceAll(
    variable,
    (_, name: string, fallback: string) => variables[name] ?? fallback,
  );
  return parse(text, { merge: true }) as ComposeFile;
}

const source = readProjectFile('docker-compose.yml');
const compose = readCompose();
const { clickhouse, agent, ftp, 'clickhouse-backup-api': api } = compose.services;
const config = parse(readProjectFile('clickhouse/clickhouse-backup-config.yml')) as Record<
  'general' | 'clickhouse' | 'api' | 'ftp',
  Record<string, unknown>
>;

describe('docker-compose.yml', () => {
  test('has the four services', () => {
    expect(Object.keys(compose.services).toSorted()).toEqual([
      'agent',
      'clickhouse',
      'clickhouse-backup-api',
      'ftp',
    ]);
    expect(clickhouse.image).toBe('clickhouse/clickhouse-server:23.8-alpine');
    expect(api.image).toBe('altinity/clickhouse-backup:2.4.0');
    expect(api.command).toBe('server');
    expect(ftp.image).toBe('stilliard/pure-ftpd:latest');
    expect(agent.build?.context).toBe('.');
  });

  test.for(Object.entries(compose.services))(
    '%s has its name as the host name, is restarted and has a size limit for its log',
    ([name, service]) => {
      expect(service.hostname).toBe(name);
      expect(service.restart).toBe('unless-stopped');
      expect(service.logging.options).toEqual({ 'max-size': '50m', 'max-file': '3' });
    },
  );

  test('gives every variable the default that .env.example shows', () => {
    const used = new Map([...source.matchAll(variable)].map(([, name, value]) => [name, value]));
    expect(Object.fromEntries(used)).toEqual(parseEnvironment(readProjectFile('.env.example')));
    expect(source.replaceAll(variable, '').replaceAll('$$', '')).not.toContain('$');
  });

  test('gives each variable the same default everywhere', () => {
    const uses = new Set([...source.matchAll(variable)].map(([use]) => use));
    const names = [...uses].map((use) => use.slice(0, use.indexOf(':')));
    expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
  });

  test('warns that the default passwords are public', () => {
    expect(source).toMatch(/^# !!! THE DEFAULT PASSWORDS .* ARE PUBLIC/m);
    expect(readProjectFile('.env.example')).toMatch(/^# CHANGE EVERY PASSWORD/m);
    expect(readProjectFile('.gitignore').split('\n')).toContain('.env');
  });

  test('sets every password through a variable', () => {
    expect(JSON.stringify(readCompose({ ...secrets, CLICKHOUSE_USER: 'u' }))).not.toContain(
      'Pass123',
    );
  });

  test('publishes ports on this machine only', () => {
    const published = Object.values(compose.services).flatMap((service) => service.ports ?? []);
    expect(published).toEqual([
      '127.0.0.1:8123:8123',
      '127.0.0.1:9000:9000',
      '127.0.0.1:7171:7171',
    ]);
  });

  test('starts each service once the services it needs are healthy', () => {
    const healthy = { condition: 'service_healthy' };
    expect(api.depends_on).toEqual({ clickhouse: healthy, ftp: healthy });
    expect(agent.depends_on).toEqual({ 'clickhouse-backup-api': healthy });
    for (const service of [clickhouse, ftp, api]) expect(service.healthcheck?.test).toBeDefined();
    const image = instructionsOf(readProjectFile('Dockerfile'));
    expect(image.some(({ name }) => name === 'HEALTHCHECK')).toBe(true);
  });

  test('does not report ClickHouse as healthy while it is still creating the sample table', () => {
    expect(clickhouse.healthcheck?.test[1]).toContain('clickhouse-server /proc/1/cmdline');
  });

  test('shows no password in a list of processes', () => {
    for (const { healthcheck, command } of Object.values(compose.services)) {
      expect(command ?? '').not.toMatch(/password/i);
      const words = healthcheck?.test.join(' ') ?? '';
      if (words.includes('PASSWORD')) expect(words).toMatch(/^CMD-SHELL printf .*\| curl .* -K - /);
    }
  });

  test('mounts only named volumes and existing files', () => {
    const sources = Object.values(compose.services)
      .flatMap((service) => service.volumes)
      .map((volume) => volume.slice(0, volume.indexOf(':')));
    const exists = (from: string) =>
      from.startsWith('./') ? existsSync(projectPath(from)) : from in compose.volumes;
    expect(sources).not.toEqual([]);
    expect(sources.filter((from) => !exists(from))).toEqual([]);
  });
});

test('the metrics of the agent are where its commented volume is', () => {
  const lines = /^( *)# (CHBACKUP_METRICS_DIR:.*|- .*:\/metrics)$/gm;
  const { services } = parse(source.replace(lines, '$1$2'), { merge: true }) as ComposeFile;
  const folder = services.agent.environment['CHBACKUP_METRICS_DIR'];
  expect(services.agent.volumes.at(-1)).toBe(`/var/lib/prometheus/node-exporter:${folder}`);
});

const secrets = { CLICKHOUSE_PASSWORD: 'one', CHBACKUP_PASSWORD: 'two', FTP_PASSWORD: 'three' };

describe('the services fit together', () => {
  const own = readCompose({
    ...secrets,
    ...{ CLICKHOUSE_USER: 'ch', CHBACKUP_USER: 'api', FTP_USERNAME: 'store', TZ: 'Asia/Tokyo' },
  }).services;
  const server = own['clickhouse-backup-api'];

  test('clickhouse-backup logs in to ClickHouse', () => {
    expect(own.clickhouse.environment).toMatchObject({
      CLICKHOUSE_USER: 'ch',
      CLICKHOUSE_PASSWORD: 'one',
    });
    expect(server.environment).toMatchObject({
      CLICKHOUSE_USERNAME: 'ch',
      CLICKHOUSE_PASSWORD: 'one',
    });
    expect(config.clickhouse).toMatchObject({ host: own.clickhouse.hostname, port: 9000 });
  });

  test('clickhouse-backup can read the data of ClickHouse', () => {
    const data = 'clickhouse-data:/var/lib/clickhouse';
    expect(own.clickhouse.volumes).toContain(data);
    expect(server.volumes).toContain(data);
  });

  test('clickhouse-backup reads its configuration', () => {
    expect(server.volumes).toContain(
      './clickhouse/clickhouse-backup-config.yml:/etc/clickhouse-backup/config.yml:ro',
    );
  });

  test('clickhouse-backup logs in to the storage', () => {
    expect(server.environment).toMatchObject({ FTP_USERNAME: 'store', FTP_PASSWORD: 'three' });
    expect(own.ftp.environment).toMatchObject({
      FTP_USER_NAME: 'store',
      FTP_USER_PASS: 'three',
      PUBLICHOST: own.ftp.hostname,
    });
    expect(config.ftp['address']).toBe(`${own.ftp.hostname}:21`);
  });

  test('the storage keeps its files on a volume, but not its users', () => {
    const home = own.ftp.environment['FTP_USER_HOME'];
    expect(own.ftp.volumes).toEqual(['ftp-data:/home/ftpusers']);
    expect(home).toMatch(/^\/home\/ftpusers\/./);
    expect(own.ftp.tmpfs).toEqual(['/etc/pure-ftpd/passwd']);
  });

  test('the agent logs in to the API, by default as rlAPIuser', () => {
    expect(server.environment).toMatchObject({ API_USERNAME: 'api', API_PASSWORD: 'two' });
    expect(own.agent.environment).toMatchObject({ CHBACKUP_USER: 'api', CHBACKUP_PASSWORD: 'two' });
    expect(agent.environment['CHBACKUP_USER']).toBe('rlAPIuser');
    expect(clickhouse.environment['CLICKHOUSE_USER']).toBe('rlbackup');
    expect(config.api['listen']).toBe('0.0.0.0:7171');
  });

  test('the crontab uses the service name of the API as the host', () => {
    const entries = readCronEntries(readProjectFile('cronfile')).filter((entry) => entry.active);
    const hosts = entries.flatMap((entry) => /^chbackup \S+ (\S+)$/.exec(entry.command)?.[1] ?? []);
    expect(new Set(hosts)).toEqual(new Set([server.hostname]));
  });

  test('the agent keeps its state on a volume', () => {
    expect(own.agent.volumes).toContain('agent-log:/var/log/clickhouse-backup');
  });

  test('the agent and the server have the same time zone', () => {
    expect([own.agent.environment['TZ'], server.environment['TZ']]).toEqual([
      'Asia/Tokyo',
      'Asia/Tokyo',
    ]);
  });

  test('the image has the binary of the same version as the server', () => {
    const { services } = readCompose({ CLICKHOUSE_BACKUP_VERSION: '2.6.30' });
    expect(services['clickhouse-backup-api'].image).toBe('altinity/clickhouse-backup:2.6.30');
    expect(services.agent.build?.args['CLICKHOUSE_BACKUP_VERSION']).toBe('2.6.30');
  });

  test('ClickHouse creates a sample table with rows at its first start', () => {
    expect(clickhouse.volumes).toContain('./clickhouse/init:/docker-entrypoint-initdb.d:ro');
    const files = readdirSync(projectPath('clickhouse/init'));
    expect(files.every((name) => name.endsWith('.sql'))).toBe(true);
    const sql = files.map((name) => readProjectFile(`clickhouse/init/${name}`)).join('\n');
    expect(sql).toMatch(/CREATE TABLE IF NOT EXISTS sample\.events/);
    expect(sql).toMatch(/INSERT INTO sample\.events/);
  });
});

describe('the configuration of clickhouse-backup', () => {
  test('keeps 6 local and 336 remote backups on FTP, none of them empty', () => {
    expect(config.general).toMatchObject({
      remote_storage: 'ftp',
      backups_to_keep_local: 6,
      backups_to_keep_remote: 336,
      allow_empty_backups: false,
    });
  });

  test('skips the system tables of ClickHouse', () => {
    expect(config.clickhouse['skip_tables']).toEqual([
      'system.*',
      'INFORMATION_SCHEMA.*',
      'information_schema.*',
      '_temporary_and_external_tables.*',
    ]);
  });

  test('runs one operation at a time and starts none by itself', () => {
    expect(config.api).toMatchObject({
      allow_parallel: false,
      complete_resumable_after_restart: false,
    });
    // 2.4.0 and older versions refuse to start with fewer connections than workers.
    const concurrency = Number(config.ftp['concurrency']);
    expect(concurrency).toBeGreaterThanOrEqual(Number(config.general['upload_concurrency']));
    expect(concurrency).toBeGreaterThanOrEqual(Number(config.general['download_concurrency']));
  });

  test('contains no user and no password', () => {
    const keys = Object.values(config).flatMap((section) => Object.keys(section));
    expect(keys).not.toContain('username');
    expect(keys).not.toContain('password');
  });
});
