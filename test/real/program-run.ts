import { type ChildProcess, spawn } from 'node:child_process';

export interface Result {
  exitCode: number | null;
  /** The signal that killed it; null: it exited. */
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A running `chbackup` process. */
export class ProgramRun {
  readonly pid: number;
  readonly result: Promise<Result>;
  private readonly child: ChildProcess;

  /** Starts it in `folder` with only `env` and PATH, without the settings of this machine. */
  constructor(
    program: string,
    args: readonly string[],
    folder: string,
    env: Record<string, string> = {},
  ) {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    this.pid = child.pid ?? 0;
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    this.result = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (exitCode, signal) => {
        resolve({ exitCode, signal, stdout: stdout(), stderr: stderr() });
      });
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}
