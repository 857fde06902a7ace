import type * as z from 'zod/mini';
import { ResponseError } from '../../errors.js';
import { presentable } from '../../text.js';
import { isFromServer, readError, titleOfPage } from './error-response.js';
import type { HttpAnswer } from '../../http/transport.js';

export interface ResponseReaderOptions {
  /** The host as typed, for messages. */
  label: string;
  redact: (text: string) => string;
}

const checkAddress = 'check that host and port are those of a clickhouse-backup API';

/** What the answers of one server say; whatever it quotes of them is harmless to print. */
export class ResponseReader {
  private readonly options: ResponseReaderOptions;

  constructor(options: ResponseReaderOptions) {
    this.options = options;
  }

  /** The lines of a 200 answer, each of one shape. Throws `ResponseError`. */
  rows<T extends z.ZodMiniType>(path: string, answer: HttpAnswer, shape: T): z.output<T>[] {
    if (answer.status !== 200) throw this.refusal(path, answer);
    const lines = answer.body.split('\n').filter((line) => line.trim() !== '');
    return lines.map((line) => this.parseLine(path, line, shape, answer.body));
  }

  /** `body`: all of the answer that the line is from. */
  parseLine<T extends z.ZodMiniType>(
    path: string,
    line: string,
    shape: T,
    body = line,
  ): z.output<T> {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      value = undefined;
    }
    const parsed = shape.safeParse(value);
    if (parsed.success) return parsed.data;
    const { label } = this.options;
    const text = this.describe(titleOfPage(body) === undefined ? line : body);
    throw new ResponseError(`unexpected response from ${label} to ${path}: ${text}`, {
      hint: checkAddress,
    });
  }

  /** The error for an answer that says no, or that points elsewhere. */
  refusal(path: string, answer: HttpAnswer): ResponseError {
    const { label } = this.options;
    const { status, body, redirect } = answer;
    if (redirect !== undefined) {
      const to = this.sanitize(redirect.to);
      return redirect.samePath
        ? new ResponseError(`${label} redirects to ${to}`, { hint: `use ${to} as the host` })
        : new ResponseError(`${label} redirects ${path} to ${to}`, {
            hint: `${checkAddress}, and that no login page is in front of it`,
          });
    }
    const hint = /HTTP request (was sent )?to (an )?HTTPS/.test(body)
      ? 'write the host as https://NAME'
      : checkAddress;
    return new ResponseError(
      `${label} answered ${path} with ${status}: ${this.errorText(answer)}`,
      isFromServer(answer) ? {} : { hint },
    );
  }

  /** The server's own words in an error answer, or what the answer is; harmless to print. */
  errorText({ body, redirect }: HttpAnswer): string {
    if (redirect !== undefined) return `a redirect to ${this.sanitize(redirect.to)}`;
    try {
      return this.sanitize(readError(body));
    } catch {
      return this.describe(body);
    }
  }

  /** A text that clickhouse-backup did not write, in a few words: never the source of a page. */
  private describe(body: string): string {
    const title = titleOfPage(body);
    if (title === undefined) return this.sanitize(body).slice(0, 200) || '(no text)';
    const titled = this.sanitize(title).slice(0, 100);
    return titled === '' ? 'an HTML page' : `an HTML page titled "${titled}"`;
  }

  sanitize(text: string): string {
    const { redact } = this.options;
    // Before, since a secret may be cut off in the middle; after, since one may be put together.
    return redact(presentable(redact(text)));
  }
}
