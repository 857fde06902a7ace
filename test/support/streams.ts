import { PassThrough, Writable } from 'node:stream';

/** Captures what is written to it; can pretend to be a terminal. */
export class CapturedStream extends Writable {
  text = '';
  isTTY: boolean;
  columns = 100;

  constructor(isTerminal = false) {
    super({ decodeStrings: false });
    this.isTTY = isTerminal;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  // The methods of a terminal that a spinner calls.
  cursorTo(): boolean {
    return true;
  }
  moveCursor(): boolean {
    return true;
  }
  clearLine(): boolean {
    return true;
  }
}

/** Returns a standard input: a terminal on which `answer` is typed, or without it no terminal. */
export function typedInput(answer?: string): PassThrough & { isTTY?: boolean } {
  const stream: PassThrough & { isTTY?: boolean } = new PassThrough();
  stream.isTTY = answer !== undefined;
  if (answer === undefined) stream.end();
  else stream.write(answer);
  return stream;
}
