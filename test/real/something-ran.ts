import type { Reporter, TestModule } from 'vitest/node';

/** Fails a run in which everything was skipped: it proves nothing. */
export default class SomethingRan implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    if (tests.some((test) => ['passed', 'failed'].includes(test.result().state))) return;
    console.error(
      'test:real: nothing could run; the titles of the skipped tests say what is missing',
    );
    process.exitCode = 1;
  }
}
