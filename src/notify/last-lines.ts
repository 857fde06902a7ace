/** The limit of a ping's body, in bytes. */
const mostBytes = 10_000;

/** The last lines of a run's output, at most 10 kB. */
export class LastLines {
  private lines: string[] = [];
  private bytes = 0;

  add(line: string): void {
    this.lines.push(line);
    this.bytes += sizeOf(line);
    while (this.bytes > mostBytes && this.lines.length > 1) {
      this.bytes -= sizeOf(this.lines.shift() ?? '');
    }
  }

  /** Returns the lines without secrets; a line that is too long is cut at its start. */
  text(redact: (text: string) => string): string {
    const bytes = Buffer.from(redact(this.lines.map((line) => `${line}\n`).join('')));
    if (bytes.length <= mostBytes) return bytes.toString();
    // The first character may be cut.
    return bytes
      .subarray(-mostBytes)
      .toString()
      .replace(/^\ufffd+/, '');
  }
}

const sizeOf = (line: string) => Buffer.byteLength(line) + 1;
