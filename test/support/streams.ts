import { PassThrough, Writable } from 'node:stream';

/** Keeps what is written to it; may pretend to be a terminal. */
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

  // What a spinner asks of a terminal.
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

/** A standard input that is a terminal on which `answer` is typed, or none at all. */
export function typedInput(answer?: string): PassThrough & { isTTY?: boolean } {
  const stream: PassThrough & { isTTY?: boolean } = new PassThrough();
  stream.isTTY = answer !== undefined;
  if (answer === undefined) stream.end();
  else stream.write(answer);
  return stream;
}
