import { expect, test } from 'vitest';
import { parse } from 'yaml';
import manifest from '../../package.json' with { type: 'json' };
import { findPages } from '../../docs/generate/pages.js';
import { parseArguments } from '../../src/cli/program.js';
import { blocksOf, readText } from './markdown.js';

/** The arguments of each `chbackup` command of the blocks; patterns such as `[host]` are left out. */
function commandsOf(page: string): string[][] {
  return blocksOf(page).flatMap(({ lines }) =>
    lines.flatMap((line) => {
      const typed =
        /(?:^|\s|=|\/)chbackup ((?:create|check|list|delete|restore)[\w-]* [^#[\]]*?)(?: {2,}#.*)?$/;
      const words = typed.exec(line.replace(/ \\$/, ''))?.[1];
      return words === undefined || words.includes('<') ? [] : [words.trim().split(/\s+/)];
    }),
  );
}

const pages = findPages();
const commands = pages.flatMap((page) => commandsOf(page).map((argv) => [page, argv] as const));

test('there are commands in the pages', () => {
  expect(commands.length).toBeGreaterThan(20);
});

test.for(commands)('%s: chbackup %s is understood', ([, argv]) => {
  const { invocation } = parseArguments(argv);
  expect(invocation?.command.name).toBe(argv[0]);
});

const readers: Record<string, (text: string) => unknown> = { yaml: parse, json: JSON.parse };

test.for(pages)('the YAML and JSON of %s is valid', (page) => {
  const values = blocksOf(page).flatMap(({ language, lines }) => {
    const read = readers[language];
    return read === undefined ? [] : [read(lines.join('\n'))];
  });
  expect(values.filter((value) => typeof value !== 'object')).toEqual([]);
});

test.for(['npm ci && npm test', 'npm ci && npm run demo'])(
  'README.md shows the command for a fresh machine: %s',
  (command) => {
    const lines = blocksOf('README.md').flatMap((block) => block.lines);
    expect(lines.map((line) => line.replace(/^\$ /, ''))).toContain(command);
  },
);

test.for(pages)('every npm script that %s names exists', (page) => {
  const named = [...readText(page).matchAll(/\bnpm (?:run ([\w:]+)|test\b)/g)];
  const missing = named
    .map(([, script = 'test']) => script)
    .filter((script) => !(script in manifest.scripts));
  expect(missing).toEqual([]);
});
