'use strict';
// Writes the CPU time of the process and its largest resident size to its file descriptor 3.
process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const cpuMs = (userCPUTime + systemCPUTime) / 1000;
  require('node:fs').writeSync(3, JSON.stringify({ cpuMs, maxRssBytes: maxRSS * 1024 }));
});
