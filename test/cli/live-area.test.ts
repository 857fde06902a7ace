import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LiveArea } from '../../src/cli/ui/live-area.js';
import { FakeTerminal } from '../support/fake-terminal.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Returns an area on a terminal of 40 columns, and a function that changes its lines. */
function open(...first: string[]) {
  const terminal = new FakeTerminal(40, 10);
  let lines = first;
  const area = new LiveArea(terminal, () => lines);
  area.update();
  const change = (...next: string[]) => {
    lines = next;
    area.update();
  };
  return { terminal, area, change };
}

const events = ['exit', 'beforeExit', 'uncaughtExceptionMonitor'];
const listeners = () => events.map((event) => process.listenerCount(event));

describe('a live area', () => {
  test('shows its lines without the cursor, and leaves nothing', () => {
    const before = listeners();
    const { terminal, area } = open('one', 'two');
    expect(terminal.shown).toEqual(['one', 'two']);
    expect(terminal.isCursorShown).toBe(false);
    area.stop();
    expect(terminal.shown).toEqual([]);
    expect(terminal.isCursorShown).toBe(true);
    expect(listeners()).toEqual(before);
    expect(terminal.listenerCount('resize')).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('replaces lines by shorter and by fewer ones', () => {
    const { terminal, area, change } = open('a long line', 'another', 'third');
    vi.advanceTimersByTime(100);
    change('short', 'x');
    expect(terminal.shown).toEqual(['short', 'x']);
    vi.advanceTimersByTime(100);
    change();
    expect(terminal.shown).toEqual([]);
    area.stop();
  });

  test('cannot control the terminal', () => {
    const { terminal, area } = open('a\u001B[2Jb\u009B1A\u202Ec\nd');
    expect(terminal.shown).toEqual(['abc d']);
    area.stop();
  });

  test('stays below lines that stay', () => {
    const { terminal, area } = open('live');
    for (const text of ['first', 'second', 'third']) {
      area.above(() => terminal.write(`${text}\n`));
    }
    vi.advanceTimersByTime(100);
    expect(terminal.shown).toEqual(['first', 'second', 'third', 'live']);
    area.stop();
    area.above(() => terminal.write('end\n'));
    expect(terminal.shown).toEqual(['first', 'second', 'third', 'end']);
  });

  test('is drawn at most ten times a second, and ends with the newest lines', () => {
    const { terminal, area, change } = open('0');
    const before = terminal.screens.length;
    for (let at = 1; at <= 500; at += 1) {
      change(String(at));
      vi.advanceTimersByTime(2);
    }
    vi.advanceTimersByTime(100);
    expect(terminal.screens.length - before).toBeGreaterThan(5);
    expect(terminal.screens.length - before).toBeLessThanOrEqual(11);
    expect(terminal.shown).toEqual(['500']);
    area.stop();
  });

  test('writes nothing without a change, but shows elapsed times each second', () => {
    const terminal = new FakeTerminal();
    let seconds = 0;
    const area = new LiveArea(terminal, () => [`${Math.min(3, seconds)}s`]);
    area.update();
    const before = terminal.screens.length;
    for (seconds = 1; seconds <= 10; seconds += 1) vi.advanceTimersByTime(1000);
    expect(terminal.screens.length - before).toBe(3);
    expect(terminal.shown).toEqual(['3s']);
    area.stop();
  });

  test.for([
    { name: 'narrower', columns: 15, rows: 10 },
    { name: 'wider', columns: 100, rows: 50 },
  ])('is drawn again when the terminal gets $name', ({ columns, rows }) => {
    const terminal = new FakeTerminal(40, 10);
    const sizes: string[] = [];
    const area = new LiveArea(terminal, (size) => {
      sizes.push(`${size.columns}x${size.rows}`);
      return ['x'.repeat(size.columns - 1), 'y'];
    });
    area.above(() => terminal.write('stays\n'));
    area.update();
    terminal.resize(columns, rows);
    expect(sizes).toEqual(['40x10', `${columns}x${rows}`]);
    expect(terminal.shown).toEqual(['stays', 'x'.repeat(columns - 1), 'y']);
    area.stop();
    expect(terminal.shown).toEqual(['stays']);
  });

  test.for(events)('is removed by the event %s, before its other listeners', (event) => {
    const { terminal, area } = open('live');
    const [first] = process.listeners(event as 'exit');
    expect(first).toBe(area.stop);
    (first as () => void)();
    expect(terminal.shown).toEqual([]);
    expect(terminal.isCursorShown).toBe(true);
  });

  test('is drawn on a terminal that does not know its size', () => {
    const terminal = new FakeTerminal(0, 0);
    const sizes: unknown[] = [];
    const area = new LiveArea(terminal, (size) => {
      sizes.push(size);
      return [];
    });
    area.update();
    area.stop();
    expect(sizes).toEqual([{ columns: 80, rows: 24 }]);
  });
});
