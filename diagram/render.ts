import { createRequire } from 'node:module';
import { Graphviz } from '@hpcc-js/wasm-graphviz';
import { Resvg } from '@resvg/resvg-js';
import * as z from 'zod/mini';
import { drawnEdges, flowAsDot, fontName } from './dot.js';
import {
  labelFontSize,
  type Obstacle,
  type PlacedLabel,
  placeLabels,
  type Route,
} from './edge-labels.js';

/** The font, followed by one of about the same width for machines without it. */
const fontFamilies = `${fontName},Verdana,sans-serif`;
/** The scale of the PNG, for high-resolution screens. */
const zoom = 2;

/** Graphviz's layout: positions in points and sizes in inches, as strings. */
const layoutSchema = z.object({
  objects: z.array(
    z.object({
      name: z.string(),
      /** Missing for clusters. */
      pos: z.optional(z.string()),
      width: z.optional(z.string()),
      height: z.optional(z.string()),
      shape: z.optional(z.string()),
    }),
  ),
  edges: z.array(
    z.object({
      tail: z.number(),
      head: z.number(),
      _draw_: z.optional(
        z.array(
          z.object({
            op: z.string(),
            points: z.optional(z.array(z.tuple([z.number(), z.number()]))),
          }),
        ),
      ),
    }),
  ),
});
type Layout = z.output<typeof layoutSchema>;

/** Returns the flowchart as SVG; it is the same on every machine. */
export async function renderSvg(): Promise<string> {
  const graphviz = await Graphviz.load();
  const dot = flowAsDot();
  const layout = layoutSchema.parse(JSON.parse(graphviz.layout(dot, 'json', 'neato', { nop: 1 })));
  const labels = placeLabels(routesOf(layout), obstaclesOf(layout)).map(labelAsSvg);
  return graphviz
    .layout(dot, 'svg', 'neato', { nop: 1 })
    .replace(/<\/g>\n<\/svg>\s*$/, `${labels.join('')}</g>\n</svg>\n`)
    .replaceAll(`font-family="${fontName}"`, `font-family="${fontFamilies}"`);
}

export function renderPng(svg: string): Uint8Array {
  const require = createRequire(import.meta.url);
  const fontFile = require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');
  const resvg = new Resvg(svg, {
    font: { loadSystemFonts: false, fontFiles: [fontFile] },
    fitTo: { mode: 'zoom', value: zoom },
  });
  return resvg.render().asPng();
}

function obstaclesOf({ objects }: Layout): Obstacle[] {
  return objects.flatMap(({ pos, width, height, shape }) => {
    if (pos === undefined) return [];
    const [x = 0, y = 0] = pos.split(',').map(Number);
    const [halfWidth, halfHeight] = [Number(width) * 36, Number(height) * 36];
    return {
      left: x - halfWidth,
      right: x + halfWidth,
      bottom: y - halfHeight,
      top: y + halfHeight,
      isDiamond: shape === 'diamond',
    };
  });
}

/** Returns the lines: Bézier curves of straight segments, in which each third point is a corner. */
function routesOf({ objects, edges }: Layout): Route[] {
  const named = drawnEdges();
  return edges.map(({ tail, head, _draw_: drawing = [] }) => {
    const [from, to] = [objects[tail]?.name, objects[head]?.name];
    const { label = '' } = named.find((edge) => edge.from === from && edge.to === to) ?? {};
    const points = drawing.find(({ op }) => op === 'b')?.points ?? [];
    const corners = points.filter((_, at) => at % 3 === 0).map(([x, y]) => ({ x, y }));
    return { label, points: corners };
  });
}

/** Formats a label for Graphviz's SVG, where y increases downwards. */
function labelAsSvg({ text, box }: PlacedLabel): string {
  const x = ((box.left + box.right) / 2).toFixed(2);
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const y = (-box.bottom - labelFontSize * 0.2).toFixed(2);
  return `<text text-anchor="middle" x="${x}" y="${y}" font-family="${fontName}" font-size="${labelFontSize}" fill="#20262c">${escaped}</text>\n`;
}
