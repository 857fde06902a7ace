/** An instruction of a Dockerfile. */
export interface Instruction {
  name: string;
  /** The words after the name; continuation lines are joined. */
  words: string[];
  /** The text after the name, unchanged. */
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

/** Returns the instructions of each stage, starting with its FROM. */
export function stagesOf(instructions: Instruction[]): Instruction[][] {
  const stages: Instruction[][] = [];
  for (const instruction of instructions) {
    if (instruction.name === 'FROM') stages.push([]);
    stages.at(-1)?.push(instruction);
  }
  return stages;
}
