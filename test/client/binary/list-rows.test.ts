import { describe, expect, test } from 'vitest';
import { rowsOfJson, rowsOfText } from '../../../src/client/binary/list-rows.js';

describe('rowsOfText', () => {
  test('reads the lists of 2.6.6 to 2.6.28, with old dates and new sizes', () => {
    const line = 'b2   28/08/2023 15:36:35   local   +b1   all:1.21MiB,data:1.20MiB   regular';
    expect(rowsOfText(line)).toEqual([
      {
        name: 'b2',
        location: 'local',
        created: '2023-08-28 15:36:35',
        sizeBytes: Math.round(1.2 * 1024 ** 2),
        required: 'b1',
        description: 'regular',
        state: 'ok',
      },
    ]);
  });

  test('reads the base in an old list', () => {
    const line = 'CLI_2    8.21MiB   22/11/2026 13:05:26   remote   +CLI_1   tar, regular';
    expect(rowsOfText(line)).toMatchObject([{ required: 'CLI_1', description: 'tar, regular' }]);
  });

  test('reads a broken backup in a new list', () => {
    const line =
      'HALF_1   2026-11-22 13:06:53   remote             ???       broken (bad metadata.json)';
    expect(rowsOfText(line)).toMatchObject([
      { name: 'HALF_1', required: undefined, state: 'broken' },
    ]);
  });

  test('keeps spaces in the name of a foreign folder', () => {
    const line = 'my own folder   ???   22/11/2026 13:05:26   local      ';
    expect(rowsOfText(line)).toMatchObject([{ name: 'my own folder', state: 'foreign' }]);
  });

  test.each([
    'WARNING: version 18.16.1 of ClickHouse is not supported by this client',
    '2026/11/22 13:05:15.062476  info SELECT 1   22/11/2026 13:05:15   local logger=clickhouse x',
    '   0B   01/01/0001 00:00:00   remote      ',
    '',
  ])('ignores the line %j', (line) => {
    expect(rowsOfText(line)).toEqual([]);
  });
});

describe('rowsOfJson', () => {
  const row = {
    BackupName: 'b1',
    CreationDate: '0001-01-01T00:00:00Z',
    Size: '???',
    Description: 'broken (bad metadata.json)',
    RequiredBackup: '',
    Type: 'remote',
  };

  test('reads an unknown date and size', () => {
    expect(rowsOfJson(JSON.stringify([row, { ...row, BackupName: '' }]))).toEqual([
      {
        name: 'b1',
        location: 'remote',
        created: '0001-01-01 00:00:00',
        required: undefined,
        description: 'broken (bad metadata.json)',
        state: 'broken',
      },
    ]);
  });

  test.each(['', 'null', '{}', '[1]', '[{"BackupName":"b1"}]', 'Error. Unknown command'])(
    'returns undefined for %j',
    (text) => {
      expect(rowsOfJson(text)).toBeUndefined();
    },
  );
});
