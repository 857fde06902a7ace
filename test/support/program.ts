import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test as base } from 'vitest';
import { systemClock } from '../../src/time/clock.js';
import { type ListeningSimulator, serve } from '../simulator/http-server.js';
import { Simulator, type SimulatorOptions } from '../simulator/simulator.js';
import { expectNoSecret, secret } from './harness.js';

const script = path.resolve(import.meta.dirname, '../../bin/chbackup.js');

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  child: ChildProcess;
  pid: number;
  ended: Promise<Ended>;
}

interface Hold {
  pattern: RegExp;
  arrived(): void;
  released: Promise<void>;
}

/** Runs the built program as a separate process against a simulated server, in real time. */
export class ProgramBench {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'chbackup-program-'));
  readonly logDir = path.join(this.folder, 'log');
  readonly simulator: Simulator;
  /** Extra environment variables for later runs. */
  env: Record<string, string> = {};
  private listening: ListeningSimulator | undefined;
  private readonly children = new Set<ChildProcess>();
  private hold: Hold | undefined;

  constructor(options: Partial<SimulatorOptions> = {}) {
    this.simulator = new Simulator({
      version: '2.8.1',
      clock: systemClock,
      username: 'rlAPIuser',
      password: secret,
      workMs: { create: 150, upload: 300 },
      ...options,
    });
  }

  async open(): Promise<this> {
    this.listening = await serve(this.simulator, {
      beforeAnswer: (request) => {
        const { hold } = this;
        if (hold === undefined || !hold.pattern.test(request)) return undefined;
        this.hold = undefined;
        hold.arrived();
        return hold.released;
      },
    });
    return this;
  }

  get host(): string {
    return `127.0.0.1:${this.listening?.port}`;
  }

  /** Starts `chbackup` with exactly these arguments; `through` is a command that starts it. */
  startRaw(
    argv: string[],
    options: SpawnOptions & { script?: string; through?: string[] } = {},
  ): Started {
    const program = [process.execPath, options.script ?? script, ...argv];
    const [first = '', ...rest] = [...(options.through ?? []), ...program];
    const child = spawn(first, rest, {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
      env: {
        PATH: process.env['PATH'],
        TZ: 'UTC',
        CHBACKUP_LOG_DIR: this.logDir,
        ...this.env,
        ...options.env,
      },
    });
    this.children.add(child);
    let [stdout, stderr] = ['', ''];
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = once(child, 'close').then(([code, signal]) => {
      this.children.delete(child);
      expectNoSecret(stdout + stderr);
      return {
        code: code as number | null,
        signal: signal as NodeJS.Signals | null,
        stdout,
        stderr,
      };
    });
    return { child, pid: child.pid ?? 0, ended };
  }

  /** Starts `chbackup COMMAND HOST USER PASSWORD …`. */
  start(command: string, ...more: string[]): Started {
    return this.startRaw([command, this.host, 'rlAPIuser', secret, ...more]);
  }

  run(command: string, ...more: string[]): Promise<Ended> {
    return this.start(command, ...more).ended;
  }

  /**
   * Waits until the server has carried out the program's first matching request. Returns a function
   * that lets the server answer it; until then, the program waits.
   */
  async heldAt(pattern: RegExp, { ended }: Started): Promise<() => void> {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const arrived = new Promise<boolean>((resolve) => {
      this.hold = { pattern, arrived: () => resolve(true), released };
    });
    const isHeld = await Promise.race([arrived, ended.then(() => false)]);
    if (!isHeld) throw new Error(`the program ended before the request: ${(await ended).stderr}`);
    return release;
  }

  fileName(name: string): string {
    return path.join(this.logDir, `.${this.host.replace(':', '_')}_${name}`);
  }

  /** Writes a last-backup file: a host without files is asked before it is locked. */
  makeHostKnown(): void {
    mkdirSync(this.logDir, { recursive: true });
    writeFileSync(this.fileName('last_backup'), '');
  }

  file(name: string): string | undefined {
    const file = this.fileName(name);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  /** Writes a file of the log directory. */
  writeFile(name: string, text: string): void {
    mkdirSync(this.logDir, { recursive: true });
    writeFileSync(path.join(this.logDir, name), text);
  }

  /** Writes a shell script of this name and returns a PATH on which it comes first. */
  shadow(name: string, lines: string): string {
    writeFileSync(path.join(this.folder, name), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
    return `${this.folder}:${process.env['PATH']}`;
  }

  async close(): Promise<void> {
    for (const child of this.children) child.kill('SIGKILL');
    await this.listening?.close();
    for (const name of existsSync(this.logDir) ? readdirSync(this.logDir) : []) {
      expectNoSecret(readFileSync(path.join(this.logDir, name), 'utf8'));
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Whether file locks are available here: the program `flock` is on PATH. */
export const hasFlock = spawnSync('flock', ['--help']).error === undefined;

export const test = base.extend<{
  bench: ProgramBench;
  benchOf: (options: Partial<SimulatorOptions>) => Promise<ProgramBench>;
}>({
  benchOf: async ({}, use) => {
    const made: ProgramBench[] = [];
    await use(async (options) => {
      const bench = await new ProgramBench(options).open();
      made.push(bench);
      return bench;
    });
    for (const bench of made) await bench.close();
  },
  bench: async ({ benchOf }, use) => {
    await use(await benchOf({}));
  },
});
