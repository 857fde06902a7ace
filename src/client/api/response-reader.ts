import type * as z from 'zod/mini';
import { ResponseError } from '../../errors.js';
import { presentable } from '../../text.js';
import { isFromServer, otherServer, readError, titleOfPage } from './error-response.js';
import type { HttpAnswer } from '../../http/transport.js';

export interface ResponseReaderOptions {
  /** The host as typed, for messages. */
  label: string;
  redact: (text: string) => string;
}

const checkAddress = 'check that host and port are those of a clickhouse-backup API';
const checkAddressAndPort = `${checkAddress}; its default port is 7171`;

/** Reads the responses of one server. All texts that it returns or throws are safe to print. */
export class ResponseReader {
  private readonly options: ResponseReaderOptions;

  constructor(options: ResponseReaderOptions) {
    this.options = options;
  }

  /** Returns the rows of a 200 response, which all have the same shape. Throws `ResponseError`. */
  rows<T extends z.ZodMiniType>(path: string, answer: HttpAnswer, shape: T): z.output<T>[] {
    if (answer.status !== 200) throw this.refusal(path, answer);
    const lines = answer.body.split('\n').filter((line) => line.trim() !== '');
    return lines.map((line) => this.parseLine(path, line, shape, answer.body));
  }

  /** Parses one line of a response; `body` is the whole response. Throws `ResponseError`. */
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
    const other = this.fromOtherServer(body);
    if (other !== undefined) throw other;
    const text = this.describe(titleOfPage(body) === undefined ? line : body);
    throw new ResponseError(`unexpected response from ${label} to ${path}: ${text}`, {
      hint: checkAddressAndPort,
    });
  }

  /** Returns the error for an error response or a redirect. */
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
    const other = this.fromOtherServer(body);
    if (other !== undefined) return other;
    const hint = /HTTP request (was sent )?to (an )?HTTPS/.test(body)
      ? 'write the host as https://NAME'
      : checkAddressAndPort;
    return new ResponseError(
      `${label} answered ${path} with ${status}: ${this.errorText(answer)}`,
      isFromServer(answer) ? {} : { hint },
    );
  }

  private fromOtherServer(body: string): ResponseError | undefined {
    const other = otherServer(body);
    if (other === undefined) return undefined;
    return new ResponseError(`${this.options.label} ${other.predicate}`, { hint: other.hint });
  }

  /** Returns the error text of a response, or a description of a response that has none. */
  errorText({ body, redirect }: HttpAnswer): string {
    if (redirect !== undefined) return `a redirect to ${this.sanitize(redirect.to)}`;
    try {
      return this.sanitize(readError(body));
    } catch {
      return this.describe(body);
    }
  }

  /** Describes a response that is not clickhouse-backup's; never shows the source of a page. */
  private describe(body: string): string {
    const title = titleOfPage(body);
    if (title === undefined) return this.sanitize(body).slice(0, 200) || '(no text)';
    const titled = this.sanitize(title).slice(0, 100);
    return titled === '' ? 'an HTML page' : `an HTML page titled "${titled}"`;
  }

  sanitize(text: string): string {
    const { redact } = this.options;
    // Redact first, because a secret may be cut in half; and last, because one may be put together.
    return redact(presentable(redact(text)));
  }
}
