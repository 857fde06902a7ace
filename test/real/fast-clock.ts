const speed = 10;

const code = `
const { setTimeout } = globalThis;
globalThis.setTimeout = (then, ms, ...args) => setTimeout(then, ms / ${speed}, ...args);
const now = performance.now.bind(performance);
performance.now = () => now() * ${speed};
`;

/** The environment of a program whose pauses and time limits are a tenth of the usual ones. */
export const fastClock = {
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(code)}`,
};
