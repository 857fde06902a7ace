import { execa } from 'execa';

/** How a program ended: with an exit code, by a signal, or not started at all (`code`). */
export interface ProgramEnd {
  exitCode?: number | undefined;
  /** The name of the signal that ended it. */
  signal?: string | undefined;
  /** Why it could not be started: `ENOENT`, say. */
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

/** Starts a program that writes to two open files; it gets no standard input. */
export type StartProgram = (
  path: string,
  args: readonly string[],
  options: { env: Record<string, string>; cwd: string; stdout: number; stderr: number },
) => StartedProgram;

/** Starts it in a session of its own, so that Ctrl-C in a terminal reaches us and not it. */
export const startProgram: StartProgram = (path, args, { env, cwd, stdout, stderr }) => {
  const child = execa(path, args, {
    env,
    extendEnv: false,
    cwd,
    stdin: 'ignore',
    // Any descriptor will do; execa's types know those up to 9 only.
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
