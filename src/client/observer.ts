/** A row of the server's action log. */
export interface Action {
  /** The server's text, to be sanitized before it is printed. */
  command: string;
  status: 'in progress' | 'success' | 'error' | 'cancel';
  /** In the server's local time, without a zone (clickhouse-backup-api.md#action-rows). */
  start: string;
  finish?: string | undefined;
  /** The server's text, to be sanitized before it is printed. */
  error?: string | undefined;
  /** Since 2.6.30. */
  operationId?: string | undefined;
}

/** The receiver of what a client does: its waits, its requests and their responses. */
export interface ClientObserver {
  /**
   * The client waits for another client's operation; called at each poll. `start`: when that began and by
   * whose clock, in words; empty if unknown.
   */
  busy(running: { command: string; start: string }): void;
  /** The client has waited for another client's operation for `waitedMs` so far. */
  stillBusy(waitedMs: number): void;
  /** The server is free again. */
  free(): void;
  /** Our own operation is still running. */
  working(elapsedMs: number): void;
  /** The host name was resolved, or the host is an IP address; called once. */
  hostResolved(): void;
  /** The server did not answer; the request is sent again. `replica`: which one of a shard, as typed. */
  unanswered(path: string, problem: string, replica?: string): void;
  /** A parsed response to a POST, or an operation's final row, for the log file. */
  answered(body: unknown): void;
  /** A request and its status or problem; `answered` is true if the response can be used. */
  requested(line: string, answered: boolean, replica?: string): void;
}
