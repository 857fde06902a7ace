import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import type { Environment } from '../../src/cli/environment.js';
import { main } from '../../src/main.js';
import type { Step } from '../../src/use-cases/steps.js';
import type { FakeTerminal } from './fake-terminal.js';
import { diskWithLocks } from './lock-in-memory.js';
import { CapturedStream, typedInput } from './streams.js';
import { VirtualClock } from './virtual-clock.js';

/** Contains characters that are special in URLs, shells and JSON; does not occur by chance. */
export const secret = 'Pa:s%2Fs "wörd\'$&';

export interface Result {
  code: number;
  stdout: string;
  stderr: string;
  steps: Step[];
  titles: string[];
}

export interface Running {
  /** Its first step. Reading the settings takes no time on the virtual clock, but turns of the event loop. */
  begun: Promise<unknown>;
  done: Promise<Result>;
  signal(name: 'SIGINT' | 'SIGTERM'): void;
}

/** Programs that run in this process, with a virtual clock and a temporary folder. */
export class ProgramsInProcess {
  readonly clock = new VirtualClock();
  readonly folder = mkdtempSync(path.join(tmpdir(), 'chbackup-test-'));
  readonly logDir = path.join(this.folder, 'log');
  readonly results: Result[] = [];
  readonly locks = new Map<string, string>();

  /** Starts `main`; `environment` replaces parts of its environment. */
  protected launch(
    argv: string[],
    environment: Partial<Environment>,
    stderr: CapturedStream | FakeTerminal = new CapturedStream(),
  ): Running {
    const stdout = new CapturedStream();
    const result: Result = { code: -1, stdout: '', stderr: '', steps: [], titles: [] };
    const listeners = new Set<(name: 'SIGINT' | 'SIGTERM') => void>();
    let begin: (value?: unknown) => void = () => undefined;
    const firstStep = new Promise((resolve) => (begin = resolve));
    const done = main({
      argv,
      env: { CHBACKUP_LOG_DIR: this.logDir },
      cwd: this.folder,
      stdin: typedInput(),
      stdout,
      stderr,
      clock: this.clock,
      disk: diskWithLocks(this.locks),
      onSignal(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      setTitle: (title) => result.titles.push(title),
      ...environment,
      onStep: (step) => {
        begin();
        result.steps.push(step);
        environment.onStep?.(step);
      },
    }).then((code) => {
      Object.assign(result, { code, stdout: stdout.text, stderr: stderr.text });
      this.results.push(result);
      return result;
    });
    const begun = Promise.race([firstStep, done]);
    return { begun, done, signal: (name) => listeners.forEach((listener) => listener(name)) };
  }

  /** Returns the contents of a file in the log directory, or undefined. */
  file(name: string): string | undefined {
    const file = path.join(this.logDir, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  /** The names of all files in the log directory. */
  get files(): string[] {
    return existsSync(this.logDir) ? readdirSync(this.logDir).sort() : [];
  }

  writeFile(name: string, text: string): void {
    mkdirSync(this.logDir, { recursive: true });
    writeFileSync(path.join(this.logDir, name), text);
  }

  removeFile(name: string): void {
    rmSync(path.join(this.logDir, name));
  }

  /** Checks after every test that no secret leaked. */
  protected checkSecrets(): void {
    for (const { stdout, stderr, titles } of this.results) {
      expectNoSecret(stdout + stderr + titles.join('\n'));
    }
    for (const name of this.files) {
      if (statSync(path.join(this.logDir, name)).isFile()) expectNoSecret(this.file(name) ?? '');
    }
  }

  protected removeFolder(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function expectNoSecret(text: string): void {
  for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]) {
    expect(text).not.toContain(form);
  }
  expect(text).not.toContain(Buffer.from(`rlAPIuser:${secret}`).toString('base64'));
}

/** Returns the requests to a server that match, as `GET /backup/list`. */
export function requestsTo(
  { requests }: { requests: readonly { method: string; path: string }[] },
  pattern: RegExp,
): string[] {
  const lines = requests.map(({ method, path: target }) => `${method} ${target}`);
  return lines.filter((line) => pattern.test(line));
}
