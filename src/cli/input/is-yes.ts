import { createInterface } from 'node:readline';

/** Asks a question. True for `yes` or `y`, in any case; the end of the input is a no. */
export async function isYes(
  question: string,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<boolean> {
  const lines = createInterface({ input, output });
  const answer = await new Promise<string>((done) => {
    lines.once('close', () => done(''));
    lines.question(question, done);
  });
  lines.close();
  return /^\s*y(es)?\s*$/i.test(answer);
}
