import { expect, test } from 'vitest';
import { LastLines } from '../../src/notify/last-lines.js';

const asItIs = (text: string) => text;

test('the last lines are kept, as many as fit into 10 kB', () => {
  const lines = new LastLines();
  for (let at = 0; at < 5000; at += 1) lines.add(`line ${at} über`);
  const text = lines.text(asItIs);
  expect(text.endsWith('line 4998 über\nline 4999 über\n')).toBe(true);
  expect(text).toMatch(/^line \d+ über\n/);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(10_000);
  expect(Buffer.byteLength(text)).toBeGreaterThan(9900);
});

test('of a line that is too long, the end is kept, without half a character', () => {
  const lines = new LastLines();
  lines.add(`${'ü'.repeat(20_000)}x`);
  const text = lines.text(asItIs);
  expect(text).toMatch(/^ü+x\n$/);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(10_000);
});

test('secrets are removed', () => {
  const lines = new LastLines();
  lines.add('a secret');
  expect(lines.text((text) => text.replaceAll('secret', '***'))).toBe('a ***\n');
  expect(new LastLines().text(asItIs)).toBe('');
});
