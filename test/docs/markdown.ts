import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../docs/generate/pages.js';

/** The text of a file of this project. */
export function readText(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}

/** The text without blocks of code and code spans, in which nothing is a link or a heading. */
function withoutCode(text: string): string {
  return text.replaceAll(/^ *```[^]*?^ *```$/gm, '').replaceAll(/`[^`\n]+`/g, '');
}

export interface Block {
  language: string;
  lines: string[];
}

/** The blocks of code of a page. */
export function blocksOf(page: string): Block[] {
  const blocks = readText(page).matchAll(/^ *```(\w*)\n([^]*?)^ *```$/gm);
  return [...blocks].map(([, language = '', text = '']) => ({ language, lines: text.split('\n') }));
}

/** The targets of all links and images. */
export function linksOf(text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
}

/** The anchors that GitHub gives the headings of a page. */
export function anchorsOf(text: string): string[] {
  const count = new Map<string, number>();
  const blocksGone = text.replaceAll(/^ *```[^]*?^ *```$/gm, '');
  return [...blocksGone.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => {
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const before = count.get(slug) ?? 0;
    count.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
}
