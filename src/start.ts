import { printCrash } from './cli/crash.js';
import { UnexpectedError } from './cli/unexpected-error.js';
import { systemClock } from './time/clock.js';
import { main } from './main.js';

const signals = ['SIGINT', 'SIGTERM'] as const;

/** Runs the program as this process. Never rejects. */
export async function start(): Promise<void> {
  const argv = process.argv.slice(2);
  let exitCode: number | undefined;
  process.on('uncaughtException', (error) => {
    // Nothing can be relied on any more; the next run recovers what this one began.
    // oxlint-disable-next-line unicorn/no-process-exit
    process.exit(printCrash(error, argv));
  });
  process.once('beforeExit', () => {
    // Otherwise Node would end with 0, as if the work were done.
    if (exitCode === undefined) process.exitCode = printCrash(endedEarly(), argv);
  });
  try {
    exitCode = await runMain(argv);
  } catch (error) {
    exitCode = printCrash(error, argv);
  }
  process.exitCode = exitCode;
  // A name lookup that nobody waits for any more would keep a stopped process for many seconds.
  // oxlint-disable-next-line unicorn/no-process-exit
  if (exitCode > 128) setTimeout(() => process.exit(), 500).unref();
}

const endedEarly = () => new UnexpectedError('chbackup ended before its work was done');

async function runMain(argv: string[]): Promise<number> {
  return main({
    argv,
    env: process.env,
    cwd: workingDirectory(),
    // Not before a question is asked: opening it may fail.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    clock: systemClock,
    onSignal(listener) {
      const listeners = signals.map((name) => [name, () => listener(name)] as const);
      for (const [name, listen] of listeners) process.on(name, listen);
      return () => {
        for (const [name, listen] of listeners) process.off(name, listen);
      };
    },
    // On Linux this overwrites the arguments, so that `ps` shows no password.
    setTitle: (title) => (process.title = title),
  });
}

/** undefined: it was deleted. */
function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}
