import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect } from 'vitest';
import { secret } from '../support/harness.js';
import { type ProgramBench, test } from '../support/program.js';

const full = 'FULL_CH_BK_2026-11-01_20-30-00';
const script = path.resolve(import.meta.dirname, '../../bin/chbackup.js');
/** `script` of util-linux runs a program in a terminal of its own. */
const hasTerminal = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;

/** Runs chbackup in a terminal and types `keys` when it asks; returns the screen and the exit code. */
async function answer(bench: ProgramBench, argv: string[], keys: string) {
  bench.env['CHBACKUP_PASSWORD'] = secret;
  bench.env['TERM'] = 'dumb';
  const line = [script, ...argv].join(' ');
  const started = bench.startRaw([], {
    through: ['sh', '-c', `exec script -qec 'exec ${line}' /dev/null`],
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let screen = '';
  started.child.stdout?.on('data', (chunk: Buffer) => {
    const wasAsked = screen.includes('to continue: ');
    screen += chunk.toString();
    if (!wasAsked && screen.includes('to continue: ')) started.child.stdin?.write(keys);
  });
  const { code } = await started.ended;
  started.child.stdin?.destroy();
  const lines = stripVTControlCharacters(screen).split(/\r*\n/);
  const asked = lines.findIndex((each) => each.includes('to continue: '));
  return { code, question: lines[asked] ?? '', after: lines.slice(asked + 1).join('\n') };
}

describe.skipIf(!hasTerminal)('a question on a terminal (needs script)', () => {
  const cases = [
    { key: 'Ctrl-C', typed: '\u0003', code: 130, why: /^stopped by SIGINT; DONE$/ },
    { key: 'Ctrl-D', typed: '\u0004', code: 1, why: /^DONE: the answer was not yes$/ },
    { key: 'no', typed: 'no\r', code: 1, why: /^DONE: the answer was not yes$/ },
  ];
  const commands = [
    {
      argv: ['delete-remote', '--all'],
      asks: 'Delete 1 remote backup of H and free 8.1 MiB?',
      done: 'nothing was deleted',
    },
    {
      argv: ['delete-local', '--all'],
      asks: 'Delete 1 local backup of H?',
      done: 'nothing was deleted',
    },
    {
      argv: ['restore-table', full, 'shop.orders', '--schema'],
      asks: 'Drop table shop.orders on H (7.97 MiB)?',
      done: 'nothing was dropped',
    },
  ];

  test.for(cases.flatMap((each) => commands.map((command) => ({ ...each, ...command }))))(
    '$argv: $key changes nothing, and the error is in a line of its own',
    async ({ argv, asks, done, typed, code, why }, { bench }) => {
      bench.simulator.addBackup('local', { name: full });
      bench.simulator.addBackup('remote', { name: full });
      const result = await answer(bench, [...argv, bench.host, 'rlAPIuser'], typed);
      expect(result.code).toBe(code);
      expect(result.question).toContain(
        `${asks.replace('H', bench.host)} Type 'yes' to continue: `,
      );
      const [line = '', ...more] = result.after.split('\n').filter((each) => each !== '');
      expect(line).toMatch(/^::::\[ERROR\] /);
      const message = line.replace(/^::::\[ERROR\] /, '').replace(done, 'DONE');
      expect(message).toMatch(why);
      expect(more).toEqual([]);
      expect(bench.simulator.requests.filter(({ method }) => method === 'POST')).toEqual([]);
    },
  );

  test('yes goes on', async ({ bench }) => {
    bench.simulator.addBackup('remote', { name: full });
    const argv = ['delete-remote', '--all', bench.host, 'rlAPIuser'];
    expect((await answer(bench, argv, 'yes\r')).code).toBe(0);
    expect(bench.simulator.remote.size).toBe(0);
  });
});
