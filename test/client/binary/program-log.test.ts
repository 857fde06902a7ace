import { expect, test } from 'vitest';
import { errorText, lastWords } from '../../../src/client/binary/program-log.js';

const newHead = '2026-11-22 14:19:13.981 FTL cmd/clickhouse-backup/main.go:1016 > ';

test.each([
  ["2026/11/22 13:05:48.577765 error '--format' undefined     \n", '', "'--format' undefined"],
  ['', `${newHead}error="open \\"x\\": no such\\nfile"`, 'open "x": no such file'],
  ['', `${newHead}error=short`, 'short'],
  [
    '',
    `${newHead}, error=open /x: no such file\nstack:\nmain.main()\n\tx.go:1\n`,
    'open /x: no such file',
  ],
  [
    '',
    `${newHead}upload failed, n=1, error=code: 60\nDB::Exception\nstack:\nmain.main()`,
    'upload failed, n=1: code: 60 DB::Exception',
  ],
  ['', `2026-11-22 14:19:13.981 ERR pkg/x.go:1 > first\n${newHead}, error=last\n`, 'last'],
  ['', `\u001b[31m${newHead}, error=red\u001b[0m`, 'red'],
  ['2026/11/22 13:05:48.577765 error a\n2026/11/22 13:05:48.577765  info b', '', 'a'],
  [
    '',
    'panic: invalid log level\n\ngoroutine 1 [running]:\nmain.main()\n',
    'panic: invalid log level',
  ],
  ['', 'sh: clickhouse: not found\n', 'sh: clickhouse: not found'],
  ['', '', ''],
])('%j, %j → %j', (stdout, stderr, expected) => {
  expect(errorText(stdout, stderr)).toBe(expected);
});

test('lastWords returns what a hanging program printed last', () => {
  const text = '2026-11-22 18:14:43.837 WRN pkg/clickhouse/clickhouse.go:141 > ping: refused\n\n';
  expect(lastWords(text)).toBe('ping: refused');
});
