import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** What the files of each folder may import, besides each other. A file may be listed as a folder. */
const mayImport: Record<string, readonly string[]> = {
  'src/start.ts': ['src/main.ts', 'src/cli', 'src/time'],
  'src/main.ts': ['src/cli', 'src/errors.ts'],
  'src/cli': [
    ...[
      'src/use-cases',
      'src/notify',
      'src/client',
      'src/client/api',
      'src/client/binary',
      'src/http',
    ],
    ...['src/state', 'src/config', 'src/backup', 'src/time', 'src/text.ts', 'src/errors.ts'],
  ],
  'src/use-cases': [
    ...['src/client', 'src/state', 'src/backup', 'src/time', 'src/text.ts', 'src/errors.ts'],
  ],
  'src/notify': [
    ...['src/http', 'src/state', 'src/backup', 'src/time', 'src/text.ts', 'src/errors.ts'],
  ],
  'src/client/api': [
    ...['src/client', 'src/http', 'src/backup', 'src/time', 'src/text.ts', 'src/errors.ts'],
  ],
  'src/client/binary': ['src/client', 'src/backup', 'src/time', 'src/text.ts', 'src/errors.ts'],
  'src/client': ['src/backup', 'src/time', 'src/text.ts', 'src/errors.ts'],
  'src/http': ['src/text.ts', 'src/errors.ts'],
  'src/state': ['src/backup', 'src/time', 'src/text.ts', 'src/errors.ts'],
  'src/config': ['src/text.ts', 'src/errors.ts'],
  'src/backup': [],
  'src/time': [],
  'src/text.ts': [],
  'src/errors.ts': [],
};

/** The only folder that may use each library. Any folder may use zod, which validates external data. */
const owners: Record<string, string> = {
  got: 'src/http',
  execa: 'src/client/binary',
  'prom-client': 'src/notify',
  dotenv: 'src/config',
  'parse-duration': 'src/config',
  commander: 'src/cli',
  chalk: 'src/cli',
  'cli-progress': 'src/cli',
  'string-width': 'src/cli',
  'pretty-bytes': 'src/text.ts',
  'pretty-ms': 'src/text.ts',
  'yocto-spinner': 'src/cli',
};
/** Folders without input and output. */
const pure = new Set(['src/backup', 'src/time', 'src/errors.ts']);

function folderOf(file: string): string | undefined {
  return Object.keys(mayImport)
    .filter((folder) => file === folder || file.startsWith(`${folder}/`))
    .sort((one, other) => other.length - one.length)[0];
}

/** Returns the modules that a source file imports, including dynamic imports. */
function importsOf(source: string): string[] {
  const pattern = /(?:^|\s)(?:import|export)\s(?:[^'";]*\sfrom\s)?'([^']+)'|import\('([^']+)'\)/g;
  return [...source.matchAll(pattern)].map(([, first, second]) => first ?? second ?? '');
}

/** Returns an error message, or undefined if the import is allowed. */
function problemOf(file: string, name: string): string | undefined {
  const folder = folderOf(file) ?? '';
  const problem = `${file} must not import ${name}`;
  if (name.endsWith('.json')) return file === 'src/cli/program.ts' ? undefined : problem;
  if (!name.startsWith('.')) {
    const isPure = pure.has(folder) && name !== 'node:util';
    const owner = owners[name];
    return isPure || (owner !== undefined && owner !== folder) ? problem : undefined;
  }
  const target = folderOf(path.join(path.dirname(file), name).replace(/\.js$/, '.ts'));
  const allowed = [folder, ...(mayImport[folder] ?? [])];
  return target !== undefined && allowed.includes(target) ? undefined : problem;
}

const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `src/${file}`);

test('every source file is in a listed folder', () => {
  expect(files.filter((file) => folderOf(file) === undefined)).toEqual([]);
});

test('every import is allowed', () => {
  const problems = files.flatMap((file) =>
    importsOf(readFileSync(path.join(root, file), 'utf8')).flatMap(
      (name) => problemOf(file, name) ?? [],
    ),
  );
  expect(problems).toEqual([]);
});

describe('rejects a forbidden import', () => {
  test.for([
    ['src/backup/chain.ts', '../config/host.js'],
    ['src/backup/chain.ts', '../state/disk.js'],
    ['src/backup/deletion/plan.ts', '../../time/clock.js'],
    ['src/backup/chain.ts', 'node:fs'],
    ['src/backup/chain.ts', 'got'],
    ['src/config/host.ts', '../cli/ui/output.js'],
    ['src/config/host.ts', '../client/client.js'],
    ['src/config/host.ts', '../state/disk.js'],
    ['src/config/host.ts', 'execa'],
    ['src/state/disk.ts', '../client/client.js'],
    ['src/state/disk.ts', '../use-cases/context.js'],
    ['src/state/disk.ts', '../config/settings.js'],
    ['src/client/client.ts', './api/api-client.js'],
    ['src/client/client.ts', '../state/disk.js'],
    ['src/client/api/open.ts', '../binary/list.js'],
    ['src/client/api/open.ts', 'got'],
    ['src/client/binary/list.ts', '../api/connection.js'],
    ['src/client/binary/list.ts', '../../http/transport.js'],
    ['src/http/got-transport.ts', '../time/clock.js'],
    ['src/use-cases/host-lock.ts', '../cli/ui/output.js'],
    ['src/use-cases/host-lock.ts', '../config/settings.js'],
    ['src/use-cases/host-lock.ts', '../client/api/connection.js'],
    ['src/use-cases/create/find-base.ts', '../../main.js'],
    ['src/notify/monitor.ts', '../use-cases/context.js'],
    ['src/notify/monitor.ts', '../config/settings.js'],
    ['src/notify/monitor.ts', '../client/client.js'],
    ['src/notify/monitor.ts', '../cli/environment.js'],
    ['src/notify/monitor.ts', 'got'],
    ['src/use-cases/host-lock.ts', '../notify/monitor.js'],
    ['src/cli/execution.ts', 'prom-client'],
    ['src/cli/program.ts', '../main.js'],
    ['src/cli/program.ts', 'dotenv'],
    ['src/cli/help.ts', '../../package.json'],
  ] as const)('%s: %s', ([file, name]) => {
    expect(problemOf(file, name)).toBe(`${file} must not import ${name}`);
  });
});
