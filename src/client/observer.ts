/** A row of the server's action log. */
export interface Action {
  /** As on the wire; to be sanitized before it is printed. */
  command: string;
  status: 'in progress' | 'success' | 'error' | 'cancel';
  /** As the server wrote it: its local time, no zone. */
  start: string;
  finish?: string | undefined;
  /** The server's text, to be sanitized before it is printed. */
  error?: string | undefined;
  /** Since 2.6.30. */
  operationId?: string | undefined;
}

/** What a client reports about its waiting and the responses it gets; it never prints. */
export interface ClientObserver {
  /**
   * Somebody else's work is waited for; called at each look. `start`: when it began and by whose
   * clock, in words; empty if unknown.
   */
  busy(running: { command: string; start: string }): void;
  /** Time passed while waiting for somebody else. */
  stillBusy(waitedMs: number): void;
  /** The server is free again. */
  free(): void;
  /** Our own operation is going on. */
  working(elapsedMs: number): void;
  /** The server does not answer, and is asked again. */
  unanswered(path: string, problem: string): void;
  /** A parsed answer to a POST, or an operation's final row: for the log file. */
  answered(body: unknown): void;
  /** One request and its status or what went wrong; `answered`: with something to go on. */
  requested(line: string, answered: boolean): void;
}
