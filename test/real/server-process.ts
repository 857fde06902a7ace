import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const running = new Set<ServerProcess>();
process.on('exit', () => {
  for (const server of running) server.signal('SIGKILL');
});

/** A server that a test started, in its own process group, so that its children end with it. */
export class ServerProcess {
  readonly pid: number;
  private readonly child: ChildProcess;
  private readonly name: string;
  private readonly outputFile: string;

  constructor(command: string[], outputFile: string, env: Record<string, string> = {}) {
    const [program = '', ...args] = command;
    this.name = program;
    this.outputFile = outputFile;
    const output = openSync(outputFile, 'a');
    this.child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', output, output],
      env: { PATH: process.env['PATH'], ...env },
    });
    closeSync(output);
    this.child.on('error', () => undefined);
    this.pid = this.child.pid ?? 0;
    if (this.pid !== 0) running.add(this);
  }

  /** Waits until `isUp` returns true; throws if the server ends, or after 30 s. */
  async waitUntil(isUp: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (!(await isUp().catch(() => false))) {
      if (this.hasEnded || Date.now() > deadline) {
        throw new Error(`${this.name} did not start:\n${this.output()}`);
      }
      await sleep(50);
    }
  }

  /** Sends a signal to the server and its children. */
  signal(name: NodeJS.Signals): void {
    if (this.hasEnded) return;
    try {
      process.kill(-this.pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** Kills the server at once, as a power failure does, or ends it with another signal. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    running.delete(this);
    if (this.hasEnded) return;
    const end = once(this.child, 'exit');
    this.signal(signal);
    await end;
  }

  /** Returns what the server printed. */
  output(): string {
    return readFileSync(this.outputFile, 'utf8');
  }

  private get hasEnded(): boolean {
    return this.pid === 0 || this.child.exitCode !== null || this.child.signalCode !== null;
  }
}
