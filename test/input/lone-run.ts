import { main } from '../../src/main.js';
import { exitCodes } from '../../src/errors.js';
import type { HttpAnswer, Transport } from '../../src/http/transport.js';
import { TransportError } from '../../src/http/transport.js';
import { expect } from 'vitest';
import { MemoryFolder } from '../faults/memory-folder.js';
import { tellsSecret } from '../faults/secret.js';
import { Time } from '../faults/time.js';
import { CapturedStream, typedInput } from '../support/streams.js';

export interface LoneRun {
  code: number;
  stdout: string;
  stderr: string;
  /** Everything in the log directory. */
  files: Map<string, string>;
  sent: string[];
  tookMs: number;
}

const ignoreEvents = {
  ...{ wrote() {}, removed() {}, read() {}, failed() {} },
  ...{ locked() {}, refused() {}, lockRefused() {} },
};
const documented = new Set<number>(Object.values(exitCodes));

/** A transport without a server: all connections are refused. */
export const noServer: Transport = () =>
  Promise.reject(new TransportError('connection refused', { neverSent: true }));

/** Runs the program once, with responses from `answer`. */
export async function runAlone(
  argv: string[],
  options: {
    answer?: (request: string) => HttpAnswer | Promise<HttpAnswer>;
    /** The time, if a simulator behind `answer` needs the same one. */
    time?: Time;
    env?: Record<string, string>;
    cwd?: string;
    files?: Record<string, string>;
  } = {},
): Promise<LoneRun> {
  const time = options.time ?? new Time();
  const folder = new MemoryFolder(ignoreEvents);
  for (const [name, text] of Object.entries(options.files ?? {})) {
    folder.files.set(`/log/${name}`, text);
  }
  const stdout = new CapturedStream();
  const stderr = new CapturedStream();
  const sent: string[] = [];
  const { answer } = options;
  const transport: Transport = async ({ method, path, body = '' }, signal) => {
    const request = `${method} ${path}${body}`;
    sent.push(request);
    return answer === undefined ? noServer({ method, path }, signal) : answer(request);
  };
  const startMs = time.elapsedMs;
  const code = await time.play(() =>
    main({
      argv,
      env: { CHBACKUP_LOG_DIR: '/log', ...options.env },
      cwd: options.cwd ?? '/nowhere',
      stdin: typedInput(),
      stdout,
      stderr,
      clock: time.programClock(),
      onSignal: () => () => undefined,
      setTitle: () => undefined,
      disk: folder.diskOf(1),
      transport: () => transport,
    }),
  );
  const tookMs = time.elapsedMs - startMs;
  return { code, stdout: stdout.text, stderr: stderr.text, files: folder.files, sent, tookMs };
}

/** Control and invisible characters, except line breaks. */
// oxlint-disable-next-line no-control-regex
const harmful = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]|[\p{Cf}\p{Cs}]/u;

/** Expects what must be true for every run, for any input and any response. */
export function expectSane({ code, stdout, stderr, files, tookMs }: LoneRun): void {
  expect(documented).toContain(code);
  expect(stderr).not.toMatch(/unexpected:|^\s+at .*:\d+:\d+/m);
  if (code !== 0) expect(stderr).toMatch(/::::\[ERROR\] .*\S|"level":"error"/);
  const everything = [stdout, stderr, ...files.values()].join('\n');
  expect(tellsSecret(everything)).toBe(false);
  expect(harmful.exec(stdout + stderr)?.[0]).toBeUndefined();
  expect(tookMs).toBeLessThan(60 * 3_600_000);
}
