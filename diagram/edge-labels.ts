/** A point in Graphviz's coordinates, where y increases upwards. */
interface Point {
  x: number;
  y: number;
}

export interface Box {
  left: number;
  right: number;
  bottom: number;
  top: number;
}

/** A node or label that a label must not cover. */
export type Obstacle = Box & { isDiamond?: boolean };

export interface Route {
  label: string;
  /** The corners of the line, from tail to head. */
  points: Point[];
}

export interface PlacedLabel {
  text: string;
  box: Box;
}

export const labelFontSize = 10;
const letterWidth = 0.66 * labelFontSize;
const gap = 3;
const step = 4;
/** The size of a diamond including its border, relative to the diamond without it. */
const outline = 1.06;

/**
 * Places the label of each edge beside its line, as close to the tail as possible, because Graphviz
 * places labels of orthogonal edges over lines and nodes. Throws if a label does not fit.
 */
export function placeLabels(routes: readonly Route[], nodes: readonly Obstacle[]): PlacedLabel[] {
  const lines = routes.flatMap((route) => segmentsOf(route).map((segment) => boxOf(...segment)));
  const placed: PlacedLabel[] = [];
  for (const route of routes) {
    if (route.label === '') continue;
    const taken = [...nodes, ...lines, ...placed.map(({ box }) => box)];
    const box = [...candidates(route)].find(
      (place) => !taken.some((other) => covers(place, other)),
    );
    if (box === undefined) {
      throw new Error(
        `there is no room for the label '${route.label}': widen the page in diagram/dot.ts`,
      );
    }
    placed.push({ text: route.label, box });
  }
  return placed;
}

function* candidates(route: Route): Generator<Box> {
  const width = route.label.length * letterWidth;
  const height = labelFontSize;
  for (const [from, to] of segmentsOf(route)) {
    const length = Math.abs(to.x - from.x) + Math.abs(to.y - from.y);
    const towards = { x: Math.sign(to.x - from.x), y: Math.sign(to.y - from.y) };
    const along = towards.x === 0 ? height : width;
    // Next to the corner of a diamond, a label may begin before its line.
    const starts = stepsBetween(gap, length - along).concat(stepsBetween(-along / 2, 0).reverse());
    for (const start of starts) {
      const middle = start + along / 2;
      const at = { x: from.x + towards.x * middle, y: from.y + towards.y * middle };
      const aside = gap + (towards.x === 0 ? width : height) / 2;
      for (const side of [1, -1]) {
        yield towards.x === 0
          ? around({ x: at.x + side * aside, y: at.y }, width, height)
          : around({ x: at.x, y: at.y + side * aside }, width, height);
      }
    }
  }
}

function stepsBetween(first: number, last: number): number[] {
  const count = Math.max(0, Math.floor((last - first) / step) + 1);
  return Array.from({ length: count }, (_, at) => first + at * step);
}

function segmentsOf({ points }: Route): [Point, Point][] {
  return points.slice(1).map((to, at) => [points[at] ?? to, to]);
}

function around({ x, y }: Point, width: number, height: number): Box {
  return {
    left: x - width / 2,
    right: x + width / 2,
    bottom: y - height / 2,
    top: y + height / 2,
  };
}

function boxOf(a: Point, b: Point): Box {
  return {
    left: Math.min(a.x, b.x),
    right: Math.max(a.x, b.x),
    bottom: Math.min(a.y, b.y),
    top: Math.max(a.y, b.y),
  };
}

/** True if the box overlaps the obstacle; for a diamond, the corners around it do not count. */
export function covers(box: Box, other: Obstacle): boolean {
  const apart =
    box.right < other.left ||
    box.left > other.right ||
    box.top < other.bottom ||
    box.bottom > other.top;
  if (apart || !other.isDiamond) return !apart;
  const middle = { x: (other.left + other.right) / 2, y: (other.bottom + other.top) / 2 };
  const x = Math.max(box.left - middle.x, 0, middle.x - box.right);
  const y = Math.max(box.bottom - middle.y, 0, middle.y - box.top);
  const distance = (2 * x) / (other.right - other.left) + (2 * y) / (other.top - other.bottom);
  return distance < outline;
}
