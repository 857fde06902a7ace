import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
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

export async function openInProcess(simulator: Simulator, clock: VirtualClock): Promise<InProcess> {
  const folder = mkdtempSync(path.join(tmpdir(), 'chbackup-bench-'));
  const server = await serve(simulator);
  return {
    async run(command, ...more) {
      const code = await main({
        argv: [command, `127.0.0.1:${server.port}`, 'u', 'p', '--log-dir', folder, ...more],
        env: {},
        cwd: folder,
        stdin: typedInput(),
        stdout: new CapturedStream(),
        stderr: new CapturedStream(),
        clock,
        disk: diskWithLocks(new Map()),
        onSignal: () => () => undefined,
        setTitle: () => undefined,
      });
      if (code !== 0) throw new Error(`${command} ended with ${code}`);
    },
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
