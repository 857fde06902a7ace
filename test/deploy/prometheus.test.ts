import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readProjectFile } from '../container/project-files.js';
import { commandOf } from './sample-commands.js';
import { metricLabels } from './metric-names.js';

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; description: string };
}

interface RuleFile {
  groups: { name: string; rules: Rule[] }[];
}

interface ExpectedAlert {
  alertname: string;
  exp_alerts?: { exp_labels: Record<string, string> }[];
}

interface RuleTests {
  rule_files: string[];
  tests: { name: string; input_series: { series: string }[]; alert_rule_test?: ExpectedAlert[] }[];
}

const file = readProjectFile('deploy/prometheus/chbackup.rules.yml');
const rules = (parse(file) as RuleFile).groups.flatMap((group) => group.rules);
const ruleTests = parse(readProjectFile('deploy/prometheus/chbackup.rules.test.yml')) as RuleTests;

/** Returns the names of chbackup's series in an expression. */
function seriesIn(expression: string): string[] {
  return expression.match(/\bchbackup_\w+/g) ?? [];
}

const secondsOf = { h: 3600, d: 86_400 };

/** Returns `5 * 3600` as it is in an expression for `5h`. */
function asInExpression(age: string): string {
  const [, count, unit = 'h'] = /^(\d+)([hd])$/.exec(age) ?? [];
  return `> ${count} * ${secondsOf[unit as keyof typeof secondsOf]}`;
}

describe('the alert rules', () => {
  test('there is one for each way in which backups can be missing', () => {
    expect(rules.map((rule) => rule.alert)).toEqual([
      'ChbackupStale',
      'ChbackupNeverSucceeded',
      'ChbackupSilent',
      'ChbackupFullSilent',
      'ChbackupMetricsMissing',
      'ChbackupRunFailing',
      'ChbackupCheckCritical',
      'ChbackupCheckWarning',
      'ChbackupCheckStale',
    ]);
  });

  test.for(rules)('$alert uses only series that chbackup writes', ({ expr }) => {
    const names = seriesIn(expr);
    expect(names).not.toEqual([]);
    expect(names.filter((name) => !(name in metricLabels))).toEqual([]);
  });

  test.for(rules)(
    '$alert uses only labels that its series have',
    ({ alert, expr, annotations }) => {
      const labels = new Set(seriesIn(expr).flatMap((name) => metricLabels[name] ?? []));
      const texts = Object.values(annotations).join(' ');
      const used = [
        ...[...expr.matchAll(/(?:without|by) \((\w+)\)/g)].map(([, label]) => label),
        ...[...expr.matchAll(/\{(\w+)[=!]/g)].map(([, label]) => label),
        ...[...texts.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label),
      ];
      expect(used).toContain('shard');
      expect(used.filter((label) => !labels.has(label ?? ''))).toEqual([]);
      // Aggregated over command, the label is gone.
      if (expr.includes('without (command)')) expect(texts).not.toContain('$labels.command');
      expect(alert).toMatch(/^Chbackup[A-Z]/);
    },
  );

  test.for(rules)('$alert has a severity, and says what to do', ({ labels, annotations }) => {
    expect(['critical', 'warning']).toContain(labels.severity);
    expect(Object.keys(annotations)).toEqual(['summary', 'description']);
    expect(annotations.summary).not.toMatch(/\.$/);
    expect(annotations.description).toMatch(/\.$/);
  });

  test('every command in them is one of chbackup', () => {
    const commands = [...file.matchAll(/`chbackup ([a-z-]+)`/g)].map(([, name = '']) => name);
    expect(new Set(commands)).toEqual(new Set(['check', 'create-full']));
    for (const command of commands) expect(commandOf([command])).toBe(command);
  });

  test('the ages are those that check has by default', () => {
    const expressionOf = (alert: string) => rules.find((rule) => rule.alert === alert)?.expr;
    for (const alert of ['ChbackupStale', 'ChbackupNeverSucceeded', 'ChbackupSilent']) {
      expect(expressionOf(alert)).toContain(asInExpression('5h'));
    }
    expect(expressionOf('ChbackupFullSilent')).toContain(asInExpression('8d'));
  });
});

describe('docs/monitoring.md', () => {
  const page = readProjectFile('docs/monitoring.md');

  test.for(rules)('says what $alert means, and what to do', ({ alert }) => {
    expect(page).toMatch(new RegExp(`^### ${alert}\n\n[A-Z]`, 'm'));
  });

  test('describes no alert that does not exist', () => {
    const headings = [...page.matchAll(/^### (Chbackup\w+)$/gm)].map(([, alert]) => alert);
    expect(headings).toEqual(rules.map((rule) => rule.alert));
  });

  test('describes each series with its labels', () => {
    const rows = [...page.matchAll(/^\| `(chbackup_\w+)` +\| (.*?) +\|/gm)];
    const described = rows.map(([, name = '', labels = '']) => [name, labels.match(/\w+/g)]);
    expect(Object.fromEntries(described)).toEqual(metricLabels);
  });
});

describe('the tests of the rules', () => {
  const expected = ruleTests.tests.flatMap((each) => each.alert_rule_test ?? []);

  test('are of this file, and use only series that chbackup writes', () => {
    expect(ruleTests.rule_files).toEqual(['chbackup.rules.yml']);
    const series = ruleTests.tests.flatMap((each) =>
      each.input_series.flatMap((input) => seriesIn(input.series)),
    );
    expect(series.filter((name) => !(name in metricLabels))).toEqual([]);
  });

  test.for(rules)('$alert fires in one, with its severity, and not in another', (rule) => {
    const own = expected.filter((each) => each.alertname === rule.alert);
    const firing = own.flatMap((each) => each.exp_alerts ?? []);
    expect(firing).not.toEqual([]);
    for (const alert of firing) expect(alert.exp_labels['severity']).toBe(rule.labels.severity);
    expect(own.some((each) => each.exp_alerts === undefined)).toBe(true);
  });

  test('expect only alerts that exist', () => {
    const names = rules.map((rule) => rule.alert);
    expect(expected.filter((each) => !names.includes(each.alertname))).toEqual([]);
  });
});
