import type { Reporter, TestModule } from 'vitest/node';

/** Fails a run in which every test was skipped. */
export default class FailIfAllSkipped implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    if (tests.some((test) => ['passed', 'failed'].includes(test.result().state))) return;
    console.error('test:real: every test was skipped; their titles show what is missing');
    process.exitCode = 1;
  }
}
