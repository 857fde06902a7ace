const region = /^<!-- generated: (?<name>.+) -->\n(?<content>[^]*?)^<!-- end -->$/gm;

/**
 * Returns the page with the content of each region `<!-- generated: NAME -->` … `<!-- end -->`
 * replaced by what `generate` returns for NAME. Throws for a mark that has no counterpart.
 */
export function fillRegions(page: string, generate: (name: string) => string): string {
  const marks = page.match(/^<!-- (generated: .+|end) -->$/gm) ?? [];
  const paired = [...page.matchAll(region)].filter(({ groups }) => {
    return !groups?.['content']?.includes('<!-- generated: ');
  });
  if (marks.length !== paired.length * 2) {
    throw new Error(`a generated region has no beginning or no end: ${marks.join(' ')}`);
  }
  return page.replaceAll(
    region,
    (_whole, name: string) => `<!-- generated: ${name} -->\n\n${generate(name)}\n\n<!-- end -->`,
  );
}
