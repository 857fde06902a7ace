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

const speed = 25;

/** The built program, on a simulated server and a clock that runs faster. */
const { main } = createRequire(import.meta.url)('../../dist/main.cjs') as { main: typeof Main };
const paint = new Chalk({ level: process.stdout.isTTY ? 1 : 0 });
const clock = scaledClock(speed);
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

process.stdout.write(
  `This is the built program on a simulated server. The clock of the demonstration runs ${speed} times\n` +
    'as fast as yours: the backups below take seconds, and their times are ahead of your watch.\n',
);

await tell('A full backup: created, uploaded, verified, recorded.', 'create-full');
await tell('An incremental backup (DIFF), based on it.', 'create-diff');
await tell('The next one, based on that.', 'create-diff');

simulator.failNext('upload', "can't upload: write tcp: no space left on device");
await tell('An upload that fails: the last backup stays what it was.', 'create-diff');
await tell('So the next one is based on the last backup that was verified.', 'create-diff');

const last = readFileSync(path.join(folder, `.127.0.0.1_${server.port}_last_backup`), 'utf8');
simulator.deleteBehind('remote', last);
await tell(`Another client deletes ${last}: it cannot be a base.`, 'create-diff');
heading('The log file of that last run, ready for logrotate:');
const log = readFileSync(path.join(folder, `127.0.0.1_${server.port}_backup_ch.log`), 'utf8');
process.stdout.write(log.slice(log.lastIndexOf('##### started')));

await tell('The backups, each increment under its base.', 'list');
await tell(
  'What would be deleted to keep the newest?',
  'delete-remote',
  '--keep',
  '1',
  '--dry-run',
);
await tell(
  'One table, restored beside the original.',
  'restore-table latest shop.orders',
  '--into',
  'shop_old.orders',
);
await server.close();

async function tell(what: string, command: string, ...options: string[]): Promise<void> {
  heading(what);
  const shown = [command, host, 'rlAPIuser ********', ...options].join(' ');
  process.stdout.write(paint.dim(`$ chbackup ${shown}\n`));
  const code = await main({
    argv: [
      ...command.split(' '),
      ...[host, 'rlAPIuser', 'Pass123', '--log-dir', folder],
      ...options,
    ],
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
