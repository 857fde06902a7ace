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

/** The built program, run against a simulated server and with a faster clock. */
const { main } = createRequire(import.meta.url)('../../dist/main.cjs') as { main: typeof Main };
const paint = new Chalk({ level: process.stdout.isTTY ? 1 : 0 });
const clock = scaledClock(speed);
const folder = mkdtempSync(path.join(tmpdir(), 'chbackup-demo-'));
const simulator = createSimulator();
const server = await serve(simulator);
let host = `127.0.0.1:${server.port}`;

// Each run listens to the streams until the process ends.
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(100);
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
process.once('SIGTERM', () => process.exit(143));

process.stdout.write(
  'This demo runs chbackup against a simulated clickhouse-backup server. Its clock runs ' +
    `${speed} times as\nfast as real time, so the timestamps below are ahead of yours.\n`,
);

await show('Create a full backup: chbackup uploads, verifies and records it.', 'create-full');
await show('Create an incremental backup (DIFF), based on the full one.', 'create-diff');
await show('Create the next one, based on the previous one.', 'create-diff');

simulator.failNext('upload', "can't upload: write tcp: no space left on device");
await show('An upload fails. The recorded last backup does not change.', 'create-diff');
await show('The next one is based on the last backup that was verified.', 'create-diff');

const last = readFileSync(path.join(folder, `.127.0.0.1_${server.port}_last_backup`), 'utf8');
simulator.deleteBehind('remote', last);
await show(
  'Check the backups. One of them is missing: another client has deleted it.',
  'check',
  '--quiet',
);
await show(
  `Another client has deleted ${last}.\nWithout its base, the next backup is uploaded in full.`,
  'create-diff',
);
heading('The log file contains the answers of the server. This is the part of the last run:');
const log = readFileSync(path.join(folder, `127.0.0.1_${server.port}_backup_ch.log`), 'utf8');
process.stdout.write(log.slice(log.lastIndexOf('##### started')));

await show('List the backups, each increment under its base.', 'list');
await show(
  'Show what would be deleted to keep only the newest backup and its bases.',
  'delete-remote',
  '--keep',
  '1',
  '--dry-run',
);
await show(
  'Restore one table from the last backup, next to the original.',
  'restore-table latest shop.orders',
  '--into',
  'shop_old.orders',
);
await server.close();

const shards = await Promise.all([1, 2, 3].map(() => serve(createSimulator())));
// The first replica of the first shard is the server that was just stopped.
host = `${host}|${shards.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
await show(
  'Back up three shards at once. The first replica of the first one is dead.',
  'create-full',
);
await Promise.all(shards.map((each) => each.close()));

function createSimulator(): Simulator {
  return new Simulator({
    version: '2.8.1',
    clock,
    username: 'rlAPIuser',
    password: 'Pass123',
    workMs: { create: 3000, upload: 8000, list: 500 },
  });
}

/** Prints a heading and the command line, and runs the command. */
async function show(title: string, command: string, ...options: string[]): Promise<void> {
  heading(title);
  const hosts = host.includes('|') ? `'${host}'` : host;
  const shown = [command, hosts, 'rlAPIuser ********', ...options].join(' ');
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
  // After Ctrl+C, the demo must not continue with the next command.
  // oxlint-disable-next-line unicorn/no-process-exit
  if (code === 130) process.exit(code);
}

/** Removes the user's settings for chbackup, which are for real servers. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('CHBACKUP_')));
}

function heading(text: string): void {
  process.stdout.write(`\n${paint.bold(text)}\n`);
}
