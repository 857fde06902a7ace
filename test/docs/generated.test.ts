import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { findPages, root } from '../../docs/generate/pages.js';
import { fillRegions } from '../../docs/generate/regions.js';
import { tableOf } from '../../docs/generate/tables.js';

const pages = findPages();

test.for(pages)('the tables of %s are up to date', (page) => {
  const text = readFileSync(path.join(root, page), 'utf8');
  const stale = `${page} is stale: run npm run docs, and commit it`;
  expect(fillRegions(text, tableOf) === text ? [] : [stale]).toEqual([]);
});

test('every table of the code is in some page', () => {
  const text = pages.map((page) => readFileSync(path.join(root, page), 'utf8')).join('\n');
  for (const table of ['exit codes', 'commands', 'settings']) {
    expect(text).toContain(`<!-- generated: ${table} -->`);
  }
  for (const command of ['list', 'delete-remote', 'restore-table']) {
    expect(text).toContain(`<!-- generated: options of ${command} -->`);
  }
});

describe('fillRegions', () => {
  const begin = '<!-- generated: exit codes -->';
  const end = '<!-- end -->';

  test('replaces what is between the marks, and nothing else', () => {
    const page = `before\n${begin}\nold\n${end}\nafter\n`;
    const filled = fillRegions(page, (name) => `new ${name}`);
    expect(filled).toBe(`before\n${begin}\n\nnew exit codes\n\n${end}\nafter\n`);
    expect(fillRegions(filled, (name) => `new ${name}`)).toBe(filled);
  });

  test.for([
    ['no end', `${begin}\nold\n`],
    ['no beginning', `old\n${end}\n`],
    ['a second beginning', `${begin}\n${begin}\nold\n${end}\n`],
  ])('throws for %s', ([, page = '']) => {
    expect(() => fillRegions(page, tableOf)).toThrow('has no beginning or no end');
  });

  test('throws for a table that does not exist', () => {
    const page = `${begin.replace('exit codes', 'colors')}\n${end}\n`;
    expect(() => fillRegions(page, tableOf)).toThrow('there is no table of colors');
  });
});
