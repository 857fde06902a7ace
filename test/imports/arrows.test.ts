import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const oxlint = path.join(root, 'node_modules/.bin/oxlint');

/** Imports against the arrows of README's "The house", by the folder that would hold them. */
const forbidden: Record<string, string[]> = {
  'src/backup': ['../config/host.js', '../state/disk.js', '../clock.js', 'node:fs', 'got'],
  'src/config': [
    '../cli/output.js',
    '../engine/engine.js',
    '../state/disk.js',
    'execa',
    '../main.js',
  ],
  'src/state': [
    '../engine/engine.js',
    '../commands/run.js',
    '../config/settings.js',
    'got',
    'execa',
  ],
  'src/engine': ['./api/client.js', './binary/list.js', '../state/disk.js', '../main.js', 'chalk'],
  'src/engine/api': ['../binary/list.js', '../../state/disk.js', '../../main.js', 'execa'],
  'src/engine/binary': ['../api/client.js', '../../commands/run.js', '../../world.js', 'got'],
  'src/commands': ['../cli/output.js', '../engine/api/client.js', '../main.js', 'got', 'dotenv'],
  'src/cli': ['../main.js', '../start.js', 'got', 'execa', 'dotenv'],
};

test('the linter refuses each import against the arrows', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'chbackup-arrows-'));
  try {
    cpSync(path.join(root, '.oxlintrc.json'), path.join(folder, '.oxlintrc.json'));
    for (const [where, imports] of Object.entries(forbidden)) {
      mkdirSync(path.join(folder, where), { recursive: true });
      const lines = imports.map((name) => `import '${name}';\n`);
      writeFileSync(path.join(folder, where, 'bad.ts'), lines.join(''));
    }
    const { stdout } = spawnSync(oxlint, ['--format', 'unix'], { cwd: folder, encoding: 'utf8' });
    const refused = Object.fromEntries(
      Object.entries(forbidden).map(([where, imports]) => [
        where,
        imports.filter((_, at) =>
          stdout
            .split('\n')
            .some((line) => line.includes(`${where}/bad.ts:${at + 1}:`) && line.includes('import')),
        ),
      ]),
    );
    expect(refused).toEqual(forbidden);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
