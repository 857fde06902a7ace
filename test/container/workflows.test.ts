import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { projectPath, readProjectFile } from './project-files.js';

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}

interface Workflow {
  on: Record<'push' | 'pull_request', { paths: string[] } | null>;
  permissions: Record<string, string>;
  jobs: Record<
    string,
    {
      permissions: Record<string, string>;
      'timeout-minutes': number;
      strategy?: { matrix: { node: number[] } };
      steps: Step[];
    }
  >;
}

const readWorkflow = (name: string) =>
  parse(readProjectFile(`.github/workflows/${name}.yml`)) as Workflow;

const names = ['tests', 'image', 'diagram'];

describe.for(names)('the workflow %s', (name) => {
  const workflow = readWorkflow(name);
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  test('has no other permission than to read the code', () => {
    expect(workflow.permissions).toEqual({});
    for (const job of jobs) expect(job.permissions).toEqual({ contents: 'read' });
  });

  test('has a timeout of an hour at most', () => {
    for (const job of jobs) expect(job['timeout-minutes']).toBeLessThanOrEqual(60);
  });

  test('pins actions to a commit and does not persist the token', () => {
    for (const { uses, with: inputs } of steps) {
      if (uses === undefined) continue;
      expect(uses).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40}$/);
      if (uses.startsWith('actions/checkout@')) {
        expect(inputs?.['persist-credentials']).toBe(false);
      }
    }
  });

  test('runs on pushes and pull requests', () => {
    expect(Object.keys(workflow.on)).toEqual(expect.arrayContaining(['push', 'pull_request']));
  });
});

test('the tests workflow runs .ci/run on Node 20 and 24', () => {
  const [job] = Object.values(readWorkflow('tests').jobs);
  expect(job?.strategy?.matrix.node).toEqual([20, 24]);
  expect(job?.steps.at(-1)?.run).toBe('bash .ci/run');
});

describe('the image workflow', () => {
  const workflow = readWorkflow('image');
  const paths = workflow.on.push?.paths ?? [];

  test('runs if a file of the image or of the compose stack changes', () => {
    expect(workflow.on.pull_request?.paths).toEqual(paths);
    const intoTheImage = readProjectFile('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? line.slice(1) : []));
    const parts = ['Dockerfile', '.dockerignore', 'docker-compose.yml', 'clickhouse'];
    const isWatched = (part: string) => paths.includes(part) || paths.includes(`${part}/**`);
    expect([...intoTheImage, ...parts].filter((part) => !isWatched(part))).toEqual([]);
  });

  test('has no path that does not exist', () => {
    const exists = (path: string) => existsSync(projectPath(path.replace('/**', '')));
    expect(paths.filter((path) => !exists(path))).toEqual([]);
  });
});
