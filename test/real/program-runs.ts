import { inject } from 'vitest';
import { ProgramRun, type Result } from './program-run.js';

/** The runs of `chbackup` in one test, and what they printed. */
export class ProgramRuns {
  private readonly folder: string;
  private readonly logDir: string;
  private readonly runs: ProgramRun[] = [];
  private printed = '';

  constructor(folder: string, logDir: string) {
    this.folder = folder;
    this.logDir = logDir;
  }

  launch(args: string[], env: Record<string, string> = {}): ProgramRun {
    const all = args.includes('--log-dir') ? args : [...args, '--log-dir', this.logDir];
    const run = new ProgramRun(inject('program'), all, this.folder, env);
    this.runs.push(run);
    const close = ({ exitCode, signal, stdout, stderr }: Result) => {
      this.printed += `--- ${args.join(' ')} ended with ${exitCode ?? signal}\n${stdout}${stderr}`;
    };
    run.result.then(close, () => undefined);
    return run;
  }

  killAll(): void {
    for (const run of this.runs) run.kill('SIGKILL');
  }

  output(): string {
    return this.printed;
  }
}
