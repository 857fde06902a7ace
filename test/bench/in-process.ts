import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Environment } from '../../src/cli/environment.js';
import { main } from '../../src/main.js';
import { serve } from '../simulator/http-server.js';
import type { Simulator } from '../simulator/simulator.js';
import { diskWithLocks } from '../support/lock-in-memory.js';
import { CapturedStream, typedInput } from '../support/streams.js';
import type { VirtualClock } from '../support/virtual-clock.js';

/** Runs the program in this process, against a simulator; throws if the exit code is not 0. */
export interface InProcess {
  run(command: string, ...more: string[]): Promise<void>;
  close(): Promise<void>;
}

/** Runs `main` once with a command for one host or several; throws if the exit code is not 0. */
export async function runMain(
  [command, hosts, ...more]: readonly [string, string, ...string[]],
  environment: Pick<Environment, 'clock'> & Partial<Environment>,
  folder: string,
): Promise<void> {
  const code = await main({
    argv: [command, hosts, 'u', 'p', '--log-dir', folder, ...more],
    env: {},
    cwd: folder,
    stdin: typedInput(),
    stdout: new CapturedStream(),
    stderr: new CapturedStream(),
    disk: diskWithLocks(new Map()),
    onSignal: () => () => undefined,
    setTitle: () => undefined,
    ...environment,
  });
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
}

export async function openInProcess(simulator: Simulator, clock: VirtualClock): Promise<InProcess> {
  const folder = mkdtempSync(path.join(tmpdir(), 'chbackup-bench-'));
  const server = await serve(simulator);
  return {
    run: (command, ...more) =>
      runMain([command, `127.0.0.1:${server.port}`, ...more], { clock }, folder),
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
