import { Gauge, Registry } from 'prom-client';

/** One value of a series. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** The text of `# HELP` by series. It must be the same in all files of a directory. */
export type Help = Readonly<Record<string, string>>;

/** Returns the text of a metrics file, without timestamps, which node_exporter refuses. */
export async function formatMetrics(help: Help, samples: readonly Sample[]): Promise<string> {
  const registry = new Registry();
  for (const [name, text] of Object.entries(help)) {
    const own = samples.filter((sample) => sample.name === name);
    const [first] = own;
    if (first === undefined) continue;
    const labelNames = Object.keys(first.labels);
    const gauge = new Gauge({ name, help: text, labelNames, registers: [registry] });
    for (const { labels, value } of own) gauge.set(labels, value);
  }
  return registry.metrics();
}

/** Returns the samples in a text that `formatMetrics` made; other lines are ignored. */
export function parseMetrics(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name = '', labelText = '', valueText = ''] = /^(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
    const pairs = [...labelText.matchAll(/(\w+)="([^"\\]*)"/g)].map(
      ([, label = '', value = '']) => [label, value] as const,
    );
    const value = Number(valueText);
    if (name === '' || valueText === '' || !Number.isFinite(value)) return [];
    return [{ name, labels: Object.fromEntries(pairs), value }];
  });
}
