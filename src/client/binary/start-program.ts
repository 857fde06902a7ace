import { execa } from 'execa';

/** The end of a program: an exit code, a signal, or the error code with which it could not start. */
export interface ProgramEnd {
  exitCode?: number | undefined;
  /** The name of the signal that ended it. */
  signal?: string | undefined;
  /** Why the program could not be started, such as `ENOENT`. */
  code?: string | undefined;
  cause?: unknown;
}

export interface StartedProgram {
  pid: number | undefined;
  ended: Promise<ProgramEnd>;
  kill(): void;
  /** Lets this process end before the program does. */
  unref(): void;
}

/** Starts a program that writes to two open files and has no standard input. */
export type StartProgram = (
  path: string,
  args: readonly string[],
  options: { env: Record<string, string>; cwd: string; stdout: number; stderr: number },
) => StartedProgram;

/** Starts a program in a session of its own, so that Ctrl-C in a terminal does not reach it. */
export const startProgram: StartProgram = (path, args, { env, cwd, stdout, stderr }) => {
  const child = execa(path, args, {
    env,
    extendEnv: false,
    cwd,
    stdin: 'ignore',
    // Any descriptor works, but execa's types include only those up to 9.
    stdout: stdout as 3,
    stderr: stderr as 3,
    detached: true,
    cleanup: false,
    reject: false,
  });
  return {
    pid: child.pid,
    ended: child,
    kill: () => void child.kill(),
    unref: () => void child.unref(),
  };
};
