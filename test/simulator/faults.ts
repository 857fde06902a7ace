import type { Answer, SimulatorRequest } from './replies.js';

export type FailingOperation = 'create' | 'upload' | 'download' | 'restore' | 'delete';

/** What an upload leaves behind although its row says success. */
export type UploadFlaw = 'broken' | 'missing' | 'wrong-base' | 'no-base' | 'hollow' | 'base-broken';

/** The requests that a fault is meant for; `path` is tried on path and query. */
export interface RequestMatch {
  method?: string;
  path?: RegExp;
}

/** What happens to the answer of one request. */
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

/** The faults that a test scripts; each may be combined with each. */
export abstract class ScriptedFaults {
  /** Connections are cut before anything: `true`, or until that time of the clock (milliseconds). */
  refuse: boolean | number = false;
  /** A proxy answers three of ten requests with 429: `true`, or until that time of the clock (milliseconds). */
  rateLimit: boolean | number = false;

  private failures = new Map<FailingOperation, Failure[]>();
  private flaws: UploadFlaw[] = [];
  private answerFaults: { match: RequestMatch; fault: AnswerFault; forever: boolean }[] = [];
  private storageIsDown = false;
  private storageIsFull = false;
  private clickHouseHangs = false;
  private clickHouseIsDown = false;
  private storageHangs = false;
  private listsUntilShown = 1;
  private lateRowMs = 0;
  private passedProxy = 0;

  /** Ends what is due, so that a new fault does not reach into the past. */
  abstract settle(): void;
  protected abstract now(): number;

  /**
   * The row of the next such operation ends in `error` with that text, and nothing is made; a
   * delete answers 500. `madeAnyway`: what came after failed, such as retention (contract §3).
   * `leavesBroken`: a failed upload leaves its half on the remote storage.
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

  /** The next upload to start says success, but leaves that on the remote storage. */
  breakNextUpload(how: UploadFlaw): void {
    this.flaws.push(how);
  }

  /** From now on a finished upload is on the remote list only from the n-th list on. */
  showUploadsAfterLists(n: number): void {
    this.settle();
    this.listsUntilShown = n;
  }

  /** From now on uploads and downloads appear in the log only after `ms` (contract §2, 2.4.21–2.6.39). */
  forgetUploadRowFor(ms: number): void {
    this.lateRowMs = ms;
  }

  /** The connection of the next such request is cut; `done`: it was carried out all the same. */
  loseNextAnswer(match: RequestMatch, { done }: { done: boolean }): void {
    this.answerFaults.push({ match, fault: { kind: 'lost', done }, forever: false });
  }

  /** The next such request is carried out at once, and answered `ms` later. */
  delayNextAnswer(match: RequestMatch, ms: number): void {
    this.answerFaults.push({ match, fault: { kind: 'late', ms }, forever: false });
  }

  /** Such requests are carried out (unless `done` is false) and never answered, until the returned function is called. */
  neverAnswer(match: RequestMatch, { done = true }: { done?: boolean } = {}): () => void {
    const entry = { match, fault: { kind: 'never', done } as const, forever: true };
    this.answerFaults.push(entry);
    return () => {
      this.answerFaults = this.answerFaults.filter((other) => other !== entry);
    };
  }

  /** The next such request is not carried out and gets this answer: a proxy's page, half a JSON line. */
  answerNext(
    match: RequestMatch,
    answer: { status: number; headers?: Record<string, string>; body: string },
  ): void {
    const canned = { headers: { 'content-type': 'text/html' }, ...answer };
    this.answerFaults.push({ match, fault: { kind: 'canned', answer: canned }, forever: false });
  }

  /** The remote storage refuses connections: lists lie, uploads fail late (contract §11). */
  get storageDown(): boolean {
    return this.storageIsDown;
  }
  set storageDown(value: boolean) {
    this.settle();
    this.storageIsDown = value;
  }

  /** Uploads fail since the remote storage is full; their half stays. */
  get fullStorage(): boolean {
    return this.storageIsFull;
  }
  set fullStorage(value: boolean) {
    this.settle();
    this.storageIsFull = value;
  }

  /** ClickHouse hangs: operations do not end, lists and tables do not answer (contract §11). */
  get hang(): boolean {
    return this.clickHouseHangs;
  }
  set hang(value: boolean) {
    this.settle();
    this.clickHouseHangs = value;
  }

  /** ClickHouse refuses connections: to 2.4.0 everything fails at once, to others it hangs (§12). */
  get clickHouseDown(): boolean {
    return this.clickHouseIsDown;
  }
  set clickHouseDown(value: boolean) {
    this.settle();
    this.clickHouseIsDown = value;
  }

  /** The remote storage accepts connections and is silent: lists do not answer, their rows stay. */
  get listsHang(): boolean {
    return this.storageHangs;
  }
  set listsHang(value: boolean) {
    this.settle();
    this.storageHangs = value;
  }

  /** Takes away every fault that is still waiting, and ends the lasting ones. */
  clearFaults(): void {
    this.refuse = false;
    this.rateLimit = false;
    this.failures.clear();
    this.flaws = [];
    this.answerFaults = [];
    this.storageDown = false;
    this.fullStorage = false;
    this.hang = false;
    this.clickHouseDown = false;
    this.listsHang = false;
    this.listsUntilShown = 1;
    this.lateRowMs = 0;
  }

  /** For the simulator: is the connection refused now? */
  isRefusing(): boolean {
    return typeof this.refuse === 'number' ? this.now() < this.refuse : this.refuse;
  }

  /** For the simulator: does the proxy refuse this request? */
  isOverRateLimit(): boolean {
    const { rateLimit } = this;
    const isLimited = typeof rateLimit === 'number' ? this.now() < rateLimit : rateLimit;
    return isLimited && [2, 5, 6].includes(this.passedProxy++ % 10);
  }

  /** For the simulator: the failure scripted for an operation that starts. */
  takeFailure(operation: FailingOperation): Failure | undefined {
    return this.failures.get(operation)?.shift();
  }

  /** For the simulator: the flaw scripted for an upload that starts. */
  takeFlaw(): UploadFlaw | undefined {
    return this.flaws.shift();
  }

  /** For the simulator: how many lists pass over a finished upload. */
  get listsThatMissUploads(): number {
    return Math.max(0, this.listsUntilShown - 1);
  }

  /** For the simulator: how late an upload's row appears. */
  get rowDelayMs(): number {
    return this.lateRowMs;
  }

  /** For the simulator: the fault scripted for this request's answer. */
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
