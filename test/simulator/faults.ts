import type { Answer, SimulatorRequest } from './replies.js';

export type FailingOperation = 'create' | 'upload' | 'download' | 'restore' | 'delete';

/** A defect of an upload although its row shows success. */
export type UploadFlaw =
  | 'broken'
  | 'missing'
  | 'wrong-base'
  | 'no-base'
  | 'incomplete'
  | 'base-broken';

/**
 * How reads of the tables of a remote backup fail although lists work: every table with an empty
 * size, as if its metadata could not be read; 200 with an empty body; 500 with an error of the
 * storage; or without an answer.
 */
export type TableReadFailure = 'empty-sizes' | 'empty-body' | 'error' | 'no-answer';

/** The requests that a fault applies to; `path` is matched against path and query. */
export interface RequestMatch {
  method?: string;
  path?: RegExp;
}

/** A fault of the answer to one request. */
export type AnswerFault =
  | { kind: 'lost'; done: boolean }
  | { kind: 'late'; ms: number }
  | { kind: 'never'; done: boolean }
  | { kind: 'canned'; answer: Answer };

interface Failure {
  text: string;
  madeAnyway: boolean;
  leavesBroken: boolean;
}

/** The faults that a test scripts; they can be combined. */
export abstract class ScriptedFaults {
  /** Whether connections are cut before a request arrives, or until when (milliseconds). */
  refuse: boolean | number = false;
  /** Whether a proxy answers three of ten requests with 429, or until when (milliseconds). */
  rateLimit: boolean | number = false;

  private failures = new Map<FailingOperation, Failure[]>();
  private flaws: UploadFlaw[] = [];
  private answerFaults: { match: RequestMatch; fault: AnswerFault; forever: boolean }[] = [];
  private tableReadFailures: { how: TableReadFailure; count: number; backup?: string }[] = [];
  private storageIsDown = false;
  private storageIsFull = false;
  private clickHouseHangs = false;
  private clickHouseIsDown = false;
  private storageHangs = false;
  private listsUntilShown = 1;
  private lateRowMs = 0;
  private passedProxy = 0;

  /** Ends work that is due, so that a new fault does not affect the past. */
  abstract finishDueWork(): void;
  protected abstract now(): number;

  /**
   * Makes the next such operation end in `error` with that text and do nothing; a delete answers
   * 500. `madeAnyway`: the operation is done, but something after it, such as retention, fails
   * (clickhouse-backup-api.md#false-errors). `leavesBroken`: a failed upload leaves a broken backup
   * on the remote storage.
   */
  failNext(
    operation: FailingOperation,
    text: string,
    options: { madeAnyway?: boolean; leavesBroken?: boolean } = {},
  ): void {
    const failures = this.failures.get(operation) ?? [];
    const { madeAnyway = false, leavesBroken = false } = options;
    failures.push({ text, madeAnyway, leavesBroken });
    this.failures.set(operation, failures);
  }

  /** Makes the next upload succeed, but with this flaw on the remote storage. */
  breakNextUpload(how: UploadFlaw): void {
    this.flaws.push(how);
  }

  /** From now on, a finished upload appears only from the n-th remote list on. */
  showUploadsAfterLists(n: number): void {
    this.finishDueWork();
    this.listsUntilShown = n;
  }

  /**
   * From now on, uploads and downloads appear in the log after `ms` (2.4.21–2.6.39,
   * clickhouse-backup-api.md#late-rows).
   */
  forgetUploadRowFor(ms: number): void {
    this.lateRowMs = ms;
  }

  /** Cuts the connection of the next such request; `done`: it is carried out anyway. */
  loseNextAnswer(match: RequestMatch, { done }: { done: boolean }): void {
    this.answerFaults.push({ match, fault: { kind: 'lost', done }, forever: false });
  }

  /** Carries out the next such request at once, but answers it `ms` later. */
  delayNextAnswer(match: RequestMatch, ms: number): void {
    this.answerFaults.push({ match, fault: { kind: 'late', ms }, forever: false });
  }

  /** Does not answer such requests until the returned function is called. */
  neverAnswer(match: RequestMatch, { done = true }: { done?: boolean } = {}): () => void {
    const entry = { match, fault: { kind: 'never', done } as const, forever: true };
    this.answerFaults.push(entry);
    return () => {
      this.answerFaults = this.answerFaults.filter((other) => other !== entry);
    };
  }

  /** Gives the next such request this answer (such as a proxy's page) without carrying it out. */
  answerNext(
    match: RequestMatch,
    answer: { status: number; headers?: Record<string, string>; body: string },
  ): void {
    const canned = { headers: { 'content-type': 'text/html' }, ...answer };
    this.answerFaults.push({ match, fault: { kind: 'canned', answer: canned }, forever: false });
  }

  /**
   * Makes the next `count` table reads (of one backup, or of any) fail, or all until the returned
   * function is called. Earlier calls come first. Affects `/backup/tables?remote_backup=` on
   * versions that read a backup for it, not local copies or live tables.
   */
  failTableReads(how: TableReadFailure, count = Infinity, backup?: string): () => void {
    const entry = { how, count, ...(backup !== undefined && { backup }) };
    this.tableReadFailures.push(entry);
    return () => {
      this.tableReadFailures = this.tableReadFailures.filter((other) => other !== entry);
    };
  }

  /**
   * The remote storage refuses connections: lists show it empty, uploads fail late
   * (clickhouse-backup-api.md#empty-list).
   */
  get storageDown(): boolean {
    return this.storageIsDown;
  }
  set storageDown(value: boolean) {
    this.finishDueWork();
    this.storageIsDown = value;
  }

  /** Uploads fail because the remote storage is full; they leave broken backups. */
  get fullStorage(): boolean {
    return this.storageIsFull;
  }
  set fullStorage(value: boolean) {
    this.finishDueWork();
    this.storageIsFull = value;
  }

  /**
   * ClickHouse hangs: operations do not end, lists and tables are not answered
   * (clickhouse-backup-api.md#clickhouse-down).
   */
  get hang(): boolean {
    return this.clickHouseHangs;
  }
  set hang(value: boolean) {
    this.finishDueWork();
    this.clickHouseHangs = value;
  }

  /**
   * ClickHouse refuses connections: on 2.4.0 everything fails at once, else it hangs
   * (clickhouse-backup-api.md#clickhouse-down).
   */
  get clickHouseDown(): boolean {
    return this.clickHouseIsDown;
  }
  set clickHouseDown(value: boolean) {
    this.finishDueWork();
    this.clickHouseIsDown = value;
  }

  /**
   * The remote storage accepts connections but does not answer: lists stay in progress, and reads
   * of a remote backup's tables are not answered.
   */
  get listsHang(): boolean {
    return this.storageHangs;
  }
  set listsHang(value: boolean) {
    this.finishDueWork();
    this.storageHangs = value;
  }

  /** Removes all scripted faults and ends the lasting ones. */
  clearFaults(): void {
    this.refuse = false;
    this.rateLimit = false;
    this.failures.clear();
    this.flaws = [];
    this.answerFaults = [];
    this.tableReadFailures = [];
    this.storageDown = false;
    this.fullStorage = false;
    this.hang = false;
    this.clickHouseDown = false;
    this.listsHang = false;
    this.listsUntilShown = 1;
    this.lateRowMs = 0;
  }

  /** For the simulator: true if connections are refused now. */
  isRefusing(): boolean {
    return typeof this.refuse === 'number' ? this.now() < this.refuse : this.refuse;
  }

  /** For the simulator: true if the proxy refuses this request. */
  isOverRateLimit(): boolean {
    const { rateLimit } = this;
    const isLimited = typeof rateLimit === 'number' ? this.now() < rateLimit : rateLimit;
    return isLimited && [2, 5, 6].includes(this.passedProxy++ % 10);
  }

  /** For the simulator: returns the failure scripted for an operation that starts. */
  takeFailure(operation: FailingOperation): Failure | undefined {
    return this.failures.get(operation)?.shift();
  }

  /** For the simulator: returns the flaw scripted for an upload that starts. */
  takeFlaw(): UploadFlaw | undefined {
    return this.flaws.shift();
  }

  /** For the simulator: returns the failure scripted for a table read of this backup. */
  takeTableReadFailure(name: string): TableReadFailure | undefined {
    const entry = this.tableReadFailures.find(
      ({ backup, count }) => count > 0 && (backup === undefined || backup === name),
    );
    if (entry) entry.count--;
    return entry?.how;
  }

  /** For the simulator: the number of lists that do not show a finished upload. */
  get listsThatMissUploads(): number {
    return Math.max(0, this.listsUntilShown - 1);
  }

  /** For the simulator: the delay with which an upload's row appears. */
  get rowDelayMs(): number {
    return this.lateRowMs;
  }

  /** For the simulator: returns the fault scripted for this request's answer. */
  takeAnswerFault(request: SimulatorRequest): AnswerFault | undefined {
    const entry = this.answerFaults.find(
      ({ match }) =>
        (match.method === undefined || match.method === request.method) &&
        (match.path === undefined || request.path.search(match.path) >= 0),
    );
    if (entry && !entry.forever) {
      this.answerFaults = this.answerFaults.filter((other) => other !== entry);
    }
    return entry?.fault;
  }
}
