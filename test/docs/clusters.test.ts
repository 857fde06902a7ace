import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseArguments } from '../../src/cli/program.js';
import { parseCluster } from '../../src/config/cluster.js';
import { settingNames, variableOf } from '../../src/config/names.js';
import { readCronEntries } from '../container/cronfile.js';
import { readProjectFile } from '../container/project-files.js';
import { blocksOf } from './markdown.js';

interface Service {
  environment: Record<string, unknown>;
  secrets?: string[];
  volumes: string[];
}

interface ComposeFile {
  services: Record<string, Service>;
  secrets?: Record<string, { file: string }>;
  volumes?: Record<string, unknown>;
}

const blocks = blocksOf('docs/clusters.md');
const composeFiles = blocks
  .filter(({ language }) => language === 'yaml')
  .map(({ lines }) => parse(lines.join('\n')) as ComposeFile);
const [server, agent] = composeFiles.map(({ services }) => Object.values(services)[0]);
const crontab = readCronEntries(blocks.flatMap(({ lines }) => lines).join('\n'));

const keysOfService = [
  'command',
  'environment',
  'image',
  'network_mode',
  'restart',
  'secrets',
  'volumes',
];

test.for(composeFiles)('compose file %# has only keys that Docker Compose knows', (file) => {
  expect(['services', 'secrets', 'volumes']).toEqual(expect.arrayContaining(Object.keys(file)));
  for (const service of Object.values(file.services)) {
    expect(keysOfService).toEqual(expect.arrayContaining(Object.keys(service)));
    // Compose accepts texts, numbers and null.
    const values = Object.values(service.environment);
    expect(values.filter((value) => typeof value !== 'string')).toEqual([]);
  }
});

test.for(composeFiles)('compose file %# declares the volumes and secrets that it uses', (file) => {
  const services = Object.values(file.services);
  const sources = services.flatMap(({ volumes }) => volumes.map((volume) => volume.split(':')[0]));
  const named = sources.filter((source) => /^\w/.test(source ?? ''));
  expect(Object.keys(file.volumes ?? {})).toEqual(named);
  const secrets = services.flatMap((service) => service.secrets ?? []);
  expect(Object.keys(file.secrets ?? {})).toEqual(secrets);
});

test('the agent names three shards of two replicas, in variables that chbackup knows', () => {
  const { CHBACKUP_HOST: hosts, ...others } = agent?.environment ?? {};
  const replicas = parseCluster(String(hosts)).map((shard) =>
    shard.replicas.map((one) => one.label),
  );
  expect(replicas).toEqual([
    ['ch-1a', 'ch-1b'],
    ['ch-2a', 'ch-2b'],
    ['ch-3a', 'ch-3b'],
  ]);
  const known = [
    'TZ',
    ...settingNames.flatMap((name) => [variableOf(name), `${variableOf(name)}_FILE`]),
  ];
  expect(known).toEqual(expect.arrayContaining(Object.keys(others)));
  expect(others['CHBACKUP_USER']).toBe(server?.environment['API_USERNAME']);
  const [secret] = agent?.secrets ?? [];
  expect(others['CHBACKUP_PASSWORD_FILE']).toBe(`/run/secrets/${secret}`);
  expect(agent?.volumes[0]).toBe('log:/var/log/clickhouse-backup');
});

test('the servers are set as the page tells', () => {
  expect(server?.environment).toMatchObject({
    API_LISTEN: '0.0.0.0:7171',
    API_COMPLETE_RESUMABLE_AFTER_RESTART: 'false',
    CLICKHOUSE_SYNC_REPLICATED_TABLES: 'true',
    S3_PATH: expect.stringContaining('{shard}'),
  });
});

test('the crontab runs chbackup as the shipped one does, and repeats what failed', () => {
  const shipped = readCronEntries(readProjectFile('cronfile'));
  const wanted = shipped
    .filter(({ command }) => command.includes('ch-{1..3}{a|b}'))
    .map(({ schedule, command }) => [schedule, command.split(' ')[1]]);
  const runs = crontab.filter(({ command }) => command.startsWith('chbackup '));
  const first = runs.filter(({ command }) => /^chbackup create-\w+ --quiet$/.test(command));
  expect(first.map(({ schedule, command }) => [schedule, command.split(' ')[1]])).toEqual(wanted);
  const again = runs.filter(({ command }) => command.includes('--if-older-than'));
  expect(again).toHaveLength(wanted.length);
  for (const { command } of runs) parseArguments(command.split(' ').slice(1));
  const rotation = shipped.find(({ command }) => command.startsWith('logrotate'));
  expect(crontab).toContainEqual(rotation);
});
