import { defineConfig } from 'rolldown';

/**
 * What libraries load, and chbackup never uses, takes longer than the rest of a start. These modules are
 * bundled in their place.
 */
const standIns: Record<string, string> = {
  // The API speaks HTTP/1.1 only.
  'http2-wrapper': 'export default {};',
  // got's type checks create two instances for error messages that do not occur here.
  'no-list-format': "export default class { format(list) { return list.join(', '); } }",
  // prom-client has them for exemplars and summaries; chbackup writes gauges.
  '@opentelemetry/api': 'export default {};',
  tdigest: 'export const TDigest = undefined;',
};

/** One folder, split, minified, self-contained: reading many files costs more than the work itself. */
export default defineConfig({
  input: { start: 'src/start.ts', main: 'src/main.ts' },
  platform: 'node',
  plugins: [
    {
      name: 'stand-ins',
      resolveId: (id) => (id in standIns ? `\0${id}` : undefined),
      load: (id) => standIns[id.slice(1)],
    },
  ],
  transform: {
    target: 'node20.19',
    inject: { 'Intl.ListFormat': 'no-list-format' },
  },
  output: {
    dir: 'dist',
    cleanDir: true,
    format: 'cjs',
    minify: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
  },
  // A warning may be about a module that should load lazily and does not: it slows every start.
  onLog(level, log) {
    if (level === 'warn') throw new Error(`${log.code ?? ''} ${log.message}`);
  },
});
