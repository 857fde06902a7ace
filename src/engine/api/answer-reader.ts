import type * as z from 'zod/mini';
import { ApiResponseError } from '../../errors.js';
import { presentable } from '../server-text.js';
import { readError } from './error-answer.js';
import type { HttpAnswer } from './transport.js';

export interface AnswerReaderOptions {
  /** The host as typed, for messages. */
  label: string;
  redact: (text: string) => string;
}

/** What the answers of one server say; whatever it quotes of them is harmless to print. */
export class AnswerReader {
  private readonly options: AnswerReaderOptions;

  constructor(options: AnswerReaderOptions) {
    this.options = options;
  }

  /** The lines of a 200 answer, each of one shape. Throws `ApiResponseError`. */
  rows<T extends z.ZodMiniType>(path: string, answer: HttpAnswer, shape: T): z.output<T>[] {
    if (answer.status !== 200) throw this.refusal(path, answer);
    const lines = answer.body.split('\n').filter((line) => line.trim() !== '');
    return lines.map((line) => this.parseLine(path, line, shape));
  }

  parseLine<T extends z.ZodMiniType>(path: string, line: string, shape: T): z.output<T> {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      value = undefined;
    }
    const parsed = shape.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new ApiResponseError(
      `${this.options.label} answered ${path} with something else than clickhouse-backup does: ${this.quote(line).slice(0, 100)}`,
      { hint: 'check that host and port are those of a clickhouse-backup API' },
    );
  }

  /** The error for an answer that says no. */
  refusal(path: string, answer: HttpAnswer): ApiResponseError {
    return new ApiResponseError(
      `${this.options.label} answered ${path} with ${answer.status}: ${this.errorText(answer)}`,
    );
  }

  /** The server's own words in an error answer, harmless to print. */
  errorText(answer: HttpAnswer): string {
    try {
      return this.quote(readError(answer.body));
    } catch {
      return this.quote(answer.body).slice(0, 200) || '(no text)';
    }
  }

  quote(text: string): string {
    const { redact } = this.options;
    // Before, since a secret may be cut off in the middle; after, since one may be put together.
    return redact(presentable(redact(text)));
  }
}
