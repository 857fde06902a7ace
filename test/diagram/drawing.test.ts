import { readFileSync } from 'node:fs';
import { Graphviz } from '@hpcc-js/wasm-graphviz';
import { describe, expect, test } from 'vitest';
import { flowAsDot } from '../../diagram/dot.js';
import { covers, placeLabels } from '../../diagram/edge-labels.js';
import { edges, nodes, notes } from '../../diagram/flow.js';
import { renderPng, renderSvg } from '../../diagram/render.js';

const svg = await renderSvg();

test('the committed SVG is up to date with the flow', () => {
  const committed = readFileSync(new URL('../../diagram/chbackup.svg', import.meta.url), 'utf8');
  const stale = 'diagram/chbackup.svg is out of date: run npm run diagram and commit it';
  expect(committed === svg ? [] : [stale]).toEqual([]);
});

test('the SVG contains every label', () => {
  const texts = [...svg.matchAll(/<text [^>]*>(.*?)<\/text>/g)].map(([, text]) =>
    text?.replaceAll('&#45;', '-'),
  );
  const labels = [...Object.values(nodes), ...Object.values(notes), ...edges].flatMap(
    ({ label }) => label?.split('\n') ?? [],
  );
  expect(labels.filter((label) => !texts.includes(label))).toEqual([]);
});

test('the SVG fits on a page', () => {
  const width = Number(/<svg width="(\d+)pt"/.exec(svg)?.[1]);
  expect(width * (96 / 72)).toBeLessThanOrEqual(1024);
});

test('the PNG is drawn with the bundled font', () => {
  const png = renderPng(svg);
  expect(Buffer.from(png.subarray(1, 4)).toString()).toBe('PNG');
  const withoutText = renderPng(svg.replaceAll(/<text .*?<\/text>/g, ''));
  expect(png.length).toBeGreaterThan(withoutText.length * 1.2);
});

describe('each label fits into its node', async () => {
  interface Drawn {
    name: string;
    shape?: string;
    width: string;
    height: string;
    pos: string;
    _ldraw_: { op: string; pt?: [number, number]; width?: number; text?: string }[];
  }
  const graphviz = await Graphviz.load();
  const { objects } = JSON.parse(graphviz.layout(flowAsDot(), 'json', 'neato', { nop: 1 })) as {
    objects: Drawn[];
  };
  const shaped = objects.filter(({ name }) => name in nodes);

  test.for(shaped.map((node) => [node.name, node] as const))('%s', ([, node]) => {
    const [x = 0, y = 0] = node.pos.split(',').map(Number);
    const [halfWidth, halfHeight] = [Number(node.width) * 36, Number(node.height) * 36];
    for (const { pt, width = 0 } of node._ldraw_.filter(({ op }) => op === 'T')) {
      // The lower and the upper end of a line of text, from its baseline.
      for (const letters of [-2, 8]) {
        const distanceX = Math.abs((pt?.[0] ?? 0) - x) + width / 2;
        const distanceY = Math.abs((pt?.[1] ?? 0) + letters - y);
        if (node.shape === 'diamond') {
          expect(distanceX / halfWidth + distanceY / halfHeight).toBeLessThan(1);
        } else {
          const slant = node.shape === 'parallelogram' ? halfHeight : 0;
          expect(distanceX).toBeLessThan(halfWidth - slant);
          expect(distanceY).toBeLessThan(halfHeight);
        }
      }
    }
  });
});

describe('labels beside lines', () => {
  const down = { label: 'yes', points: [point(0, 0), point(0, -60)] };

  test('are placed near the tail', () => {
    const [label] = placeLabels([down], []);
    expect(label?.box.left).toBeGreaterThan(0);
    expect(label?.box.top).toBeLessThan(0);
    expect(label?.box.bottom).toBeGreaterThan(-20);
  });

  test('do not overlap a node, a line or each other', () => {
    const node = { left: 1, right: 40, bottom: -60, top: 0 };
    const [aside] = placeLabels([down], [node]);
    expect(aside?.box.right).toBeLessThan(0);
    const line = { label: '', points: [point(-60, -8), point(60, -8)] };
    const [under] = placeLabels([down, line], []);
    expect(under?.box.top).toBeLessThan(-8);
    const both = placeLabels([down, down], []).map(({ box }) => box);
    expect(both[0] && both[1] && covers(both[0], both[1])).toBe(false);
  });

  test('may be at the corner of a diamond, but not inside it', () => {
    const diamond = { left: -50, right: 50, bottom: -25, top: 25, isDiamond: true };
    expect(covers({ left: 40, right: 60, bottom: 12, top: 22 }, diamond)).toBe(false);
    expect(covers({ left: 20, right: 60, bottom: 5, top: 22 }, diamond)).toBe(true);
  });

  test('cause an error if there is no room for them', () => {
    const node = { left: -100, right: 100, bottom: -100, top: 100 };
    expect(() => placeLabels([down], [node])).toThrow("no room for the label 'yes'");
  });
});

function point(x: number, y: number) {
  return { x, y };
}
