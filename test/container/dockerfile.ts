/** An instruction of a Dockerfile. */
export interface Instruction {
  name: string;
  /** What follows the name, in words; the lines of one that goes over several are joined. */
  words: string[];
  /** What follows the name, as it is. */
  text: string;
}

export function instructionsOf(dockerfile: string): Instruction[] {
  return dockerfile
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [name = '', ...words] = line.split(/\s+/);
      return { name, words, text: line.slice(name.length).trim() };
    });
}

/** The instructions of each stage, its FROM first. */
export function stagesOf(instructions: Instruction[]): Instruction[][] {
  const stages: Instruction[][] = [];
  for (const instruction of instructions) {
    if (instruction.name === 'FROM') stages.push([]);
    stages.at(-1)?.push(instruction);
  }
  return stages;
}
