import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { findPages, root } from '../../docs/generate/pages.js';
import { anchorsOf, linksOf, readText } from './markdown.js';

const pages = [...findPages(), 'test/recordings/README.md'];

/** The link as a complaint; undefined: its file and its heading exist. */
function problemOf(page: string, link: string): string | undefined {
  const [target = '', anchor] = link.split('#');
  const file = target === '' ? page : path.join(path.dirname(page), target);
  if (!existsSync(path.join(root, file))) return `${page}: ${link} does not exist`;
  if (anchor === undefined || anchorsOf(readText(file)).includes(anchor)) return undefined;
  return `${page}: ${file} has no heading for #${anchor}`;
}

test.for(pages)('every relative link of %s leads somewhere', (page) => {
  const links = linksOf(readText(page)).filter((link) => !/^[a-z]+:/.test(link));
  expect(links.flatMap((link) => problemOf(page, link) ?? [])).toEqual([]);
});

test('every page of docs/ is linked from README.md', () => {
  const linked = linksOf(readText('README.md'));
  const unlinked = pages.filter((page) => page.startsWith('docs/') && !linked.includes(page));
  expect(unlinked).toEqual([]);
});

test.for(pages.filter((page) => page.startsWith('docs/')))(
  '%s begins with a title and one sentence about it',
  (page) => {
    expect(readText(page)).toMatch(/^# .+\n\n[^\n#|-](?:[^\n]|\n(?!\n))*\.\n\n/);
  },
);

describe('a link that leads nowhere is found', () => {
  test.for([
    ['docs/no-such-page.md', 'README.md: docs/no-such-page.md does not exist'],
    ['#no-such-heading', 'README.md: README.md has no heading for #no-such-heading'],
    ['docs/list.md#nowhere', 'README.md: docs/list.md has no heading for #nowhere'],
  ] as const)('%s', ([link, problem]) => {
    expect(problemOf('README.md', link)).toBe(problem);
  });

  test('anchors are those of GitHub', () => {
    const text = '# `list --json`\n\n## Who, what?\n\n```\n# no heading\n```\n\n## Who, what?\n';
    expect(anchorsOf(text)).toEqual(['list---json', 'who-what', 'who-what-1']);
  });
});

describe('facts about clickhouse-backup', () => {
  const factsPage = 'docs/clickhouse-backup-api.md';
  const anchors = anchorsOf(readText(factsPage));
  const files = ['src', 'test', 'diagram'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => path.join(folder, file)),
  );

  test('each one that a source file cites has a heading', () => {
    const dangling = files
      .filter((file) => file !== 'test/docs/links.test.ts')
      .flatMap((file) =>
        [...readText(file).matchAll(/clickhouse-backup-api\.md#([\w-]+)/g)]
          .filter(([, anchor = '']) => !anchors.includes(anchor))
          .map(([citation]) => `${file}: ${citation}`),
      );
    expect(dangling).toEqual([]);
  });
});

describe('CONTRIBUTING.md', () => {
  test('every file that it names exists', () => {
    const named = [...readText('CONTRIBUTING.md').matchAll(/`((?:\.?[\w-]+\/)+[\w.-]*)`/g)];
    expect(named.length).toBeGreaterThan(20);
    const missing = named.filter(([, file = '']) => !existsSync(path.join(root, file)));
    expect(missing.map(([, file]) => file)).toEqual([]);
  });
});
