import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Chalk } from 'chalk';
import type { main as Main } from '../../src/main.js';
import { serve } from '../simulator/http-server.js';
import { Simulator } from '../simulator/simulator.js';
import { typedInput } from '../support/streams.js';
import { scaledClock } from '../support/scaled-clock.js';

/** The built program, on a simulated server and a clock that runs 25 times as fast. */
const { main } = createRequire(import.meta.url)('../../dist/main.cjs') as { main: typeof Main };
const paint = new Chalk({ level: process.stdout.isTTY ? 1 : 0 });
const clock = scaledClock(25);
const folder = mkdtempSync(path.join(tmpdir(), 'chbackup-demo-'));
const simulator = new Simulator({
  version: '2.8.1',
  clock,
  username: 'rlAPIuser',
  password: 'Pass123',
  workMs: { create: 3000, upload: 8000, list: 500 },
});
const server = await serve(simulator);
const host = `127.0.0.1:${server.port}`;

process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
process.once('SIGTERM', () => process.exit(143));

await tell('A FULL backup: made, uploaded, proven, remembered.', 'create-full');
await tell('A DIFF: an increment on it.', 'create-diff');
await tell('The next DIFF is an increment on that one.', 'create-diff');

simulator.failNext('upload', "can't upload: write tcp: no space left on device");
await tell('An upload that fails: the last backup stays what it was.', 'create-diff');
await tell('So the next DIFF stands on the last proven one.', 'create-diff');

const last = readFileSync(path.join(folder, `.127.0.0.1_${server.port}_last_backup`), 'utf8');
simulator.deleteBehind('remote', last);
await tell(`Somebody deletes ${last}: never a base again.`, 'create-diff');

await tell('What there is now.', 'list');
heading('The log file, as logrotate will find it (its last run):');
const log = readFileSync(path.join(folder, `127.0.0.1_${server.port}_backup_ch.log`), 'utf8');
process.stdout.write(log.slice(log.lastIndexOf('##### started')));
await server.close();

async function tell(what: string, command: string): Promise<void> {
  heading(what);
  process.stdout.write(paint.dim(`$ chbackup ${command} ${host} rlAPIuser ********\n`));
  const code = await main({
    argv: [command, host, 'rlAPIuser', 'Pass123', '--log-dir', folder],
    env: { ...withoutSettings(process.env), CI: undefined },
    cwd: folder,
    stdin: typedInput(),
    stdout: process.stdout,
    stderr: process.stderr,
    clock,
    onSignal(listener) {
      const stop = () => listener('SIGINT');
      process.once('SIGINT', stop);
      return () => process.off('SIGINT', stop);
    },
    setTitle: () => undefined,
  });
  process.stdout.write(paint.dim(`exit code ${code}\n`));
  // What comes next would go on as if nothing had been said.
  // oxlint-disable-next-line unicorn/no-process-exit
  if (code === 130) process.exit(code);
}

/** The caller's own settings are for the real servers. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('CHBACKUP_')));
}

function heading(text: string): void {
  process.stdout.write(`\n${paint.bold(text)}\n`);
}
