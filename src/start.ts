import { printCrash } from './cli/crash.js';
import { nameTimeZone } from './cli/time-zone.js';
import { UnexpectedError } from './cli/unexpected-error.js';
import { systemClock } from './time/clock.js';
import { main, mayLeaveLookup } from './main.js';

const signals = ['SIGINT', 'SIGTERM'] as const;

/** Runs the program as this process. Never rejects. */
export async function start(): Promise<void> {
  const argv = process.argv.slice(2);
  let exitCode: number | undefined;
  let hasLeftover = false;
  nameTimeZone(process.env);
  process.on('uncaughtException', (error) => {
    // The state of the program is unknown; the next run recovers this one.
    // oxlint-disable-next-line unicorn/no-process-exit
    process.exit(printCrash(error, argv));
  });
  process.once('beforeExit', () => {
    // Otherwise Node would exit with 0, as if the work were done.
    if (exitCode === undefined) process.exitCode = printCrash(endedEarly(), argv);
  });
  try {
    exitCode = await runMain(argv, () => (hasLeftover = true));
  } catch (error) {
    exitCode = printCrash(error, argv);
  }
  process.exitCode = exitCode;
  // A pending name lookup, for example, would keep the process running for many seconds.
  // oxlint-disable-next-line unicorn/no-process-exit
  if (hasLeftover || mayLeaveLookup(exitCode)) setTimeout(() => process.exit(), 500).unref();
}

const endedEarly = () => new UnexpectedError('chbackup exited before its work was finished');

async function runMain(argv: string[], onLeftover: () => void): Promise<number> {
  return main({
    argv,
    env: process.env,
    cwd: workingDirectory(),
    // Opened only for a question, because opening it can fail.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    clock: systemClock,
    onLeftover,
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

/** Returns undefined if the working directory was deleted. */
function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}
