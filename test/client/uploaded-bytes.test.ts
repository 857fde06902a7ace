import { expect, test } from 'vitest';
import { rowsOfText } from '../../src/client/binary/list-rows.js';
import { uploadedBytesOf } from '../../src/client/uploaded-bytes.js';

const full = {
  location: 'remote',
  description: 'tar, regular',
  isIncrement: false,
  allBytes: 8_940_662,
  restBytes: 35_204,
  sentBytes: 8_939_008,
} as const;

test.for([
  ['a full backup', full, 8_940_662],
  ['an increment', { ...full, isIncrement: true }, 8_940_662],
  // Recorded on 2.8.1: `size` counts all 8.9 MB of data, of which nothing was sent.
  [
    'an increment in which nothing changed',
    { ...full, isIncrement: true, allBytes: 8_906_929, restBytes: 1471, sentBytes: undefined },
    1471,
  ],
  ['a server before 2.6.6', { ...full, restBytes: undefined, sentBytes: undefined }, undefined],
  ['a local copy', { ...full, location: 'local' }, undefined],
  ['a broken backup', { ...full, allBytes: undefined }, undefined],
  ['a full backup that sent nothing', { ...full, sentBytes: 0 }, undefined],
  ['an embedded backup', { ...full, description: 'directory, embedded' }, undefined],
] as const)('%s', ([, sizes, expected]) => {
  expect(uploadedBytesOf(sizes)).toBe(expected);
});

test('the recorded text list of 2.8.1 shows what each upload sent', () => {
  const line = (name: string, base: string, sizes: string) =>
    `${name}   2026-11-22 13:10:32   remote   ${base}   ${sizes},rbac:0B,conf:0B,nc:0B   tar, regular`;
  const text = [
    line('CLI_1', '', 'all:8.58MiB,data:8.54MiB,arch:8.58MiB,obj:0B,meta:1.62KiB'),
    line('CLI_2', '+CLI_1', 'all:8.55MiB,data:8.54MiB,arch:0B,obj:0B,meta:1.44KiB'),
  ].join('\n');
  expect(rowsOfText(text)).toMatchObject([
    { name: 'CLI_1', uploadedBytes: Math.round(8.58 * 1024 ** 2) },
    { name: 'CLI_2', uploadedBytes: Math.round(1.44 * 1024) },
  ]);
});
