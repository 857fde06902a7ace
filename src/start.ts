import { systemClock } from './clock.js';
import { main } from './main.js';

const signals = ['SIGINT', 'SIGTERM'] as const;

/** Runs the program as this process. */
export async function start(): Promise<void> {
  const exitCode = await main({
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
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
  process.exitCode = exitCode;
  // A name lookup that nobody waits for any more would keep a stopped process for many seconds.
  // oxlint-disable-next-line unicorn/no-process-exit
  if (exitCode > 128) setTimeout(() => process.exit(), 500).unref();
}
