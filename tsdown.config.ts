import { fileURLToPath } from 'node:url';
import { defineConfig } from 'tsdown';

const nothing = fileURLToPath(new URL('src/engine/api/no-http2.ts', import.meta.url));

/** Starting cold costs more than the work: one folder, split, minified, no node_modules beside it. */
export default defineConfig({
  entry: ['src/start.ts', 'src/main.ts'],
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  minify: true,
  dts: false,
  fixedExtension: true,
  outDir: 'dist',
  // got's way to HTTP/2 builds a TLS context when loaded; the API speaks HTTP/1.1 only.
  alias: { 'http2-wrapper': nothing },
  deps: { alwaysBundle: [/.*/] },
});
