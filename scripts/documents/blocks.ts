/**
 * What a code block of a page is, by the HTML comment above it, which no page shows:
 *
 * - `<!-- command -->`: the block is run. Clauses may follow: `; exit 2` (the exit code that it must have), `; as
 *   FILE=mine.csv` (these words stand for others), `; add train.epochs=1` (further words of each ple train and ple
 *   compare, so that it is quick), `; behind ple worker` (lines that begin so run until the block ends).
 * - `<!-- output -->`: the command before prints these lines, in this order. `; shape`: with other numbers.
 * - `<!-- file mine.yaml -->`: the content of a file, which is there from the page's first command on.
 * - `<!-- part of quickstart -->`: keys of a config, which is valid with them.
 * - `<!-- placeholder: why it is not run -->`.
 *
 * `<!-- before: COMMAND -->` is run where it stands, and belongs to no block.
 */
export interface Block {
  /** Of the page, from 1. */
  readonly line: number;
  /** Of the fence; empty: none. */
  readonly language: string;
  readonly text: string;
  /** Undefined: nothing says what it is. */
  readonly mark: Mark | undefined;
}

type Mark =
  | {
      readonly kind: 'command';
      readonly exit: number;
      /** Texts of the block, and what stands for them. */
      readonly as: readonly (readonly [text: string, by: string])[];
      readonly add: string;
      readonly behind: readonly string[];
    }
  | { readonly kind: 'output'; readonly shape: boolean }
  | { readonly kind: 'file'; readonly name: string; readonly as: readonly (readonly [string, string])[] }
  | { readonly kind: 'part'; readonly of: string }
  | { readonly kind: 'placeholder'; readonly why: string }
  | { readonly kind: 'before'; readonly command: string };

/** The blocks of a page, and the commands before them, in the order of the page. */
export function blocksOf(page: string): readonly Block[] {
  const lines = page.split('\n');
  const blocks: Block[] = [];
  let mark: Mark | undefined;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const begin = at + 1;
    const [, language] = /^```(\w*)/.exec(line) ?? [];
    if (line.startsWith('<!--')) {
      const comment = [line];
      while (!comment.at(-1)?.includes('-->') && at + 1 < lines.length) comment.push(lines[++at] ?? '');
      mark = markOf(
        comment
          .join('\n')
          .replace(/^<!--\s*/, '')
          .replace(/\s*-->\s*$/, ''),
      );
      if (mark?.kind !== 'before') continue;
      blocks.push({ line: begin, language: '', text: mark.command, mark });
      mark = undefined;
    } else if (language !== undefined) {
      const text: string[] = [];
      while (!lines[++at]?.startsWith('```') && at < lines.length) text.push(lines[at] ?? '');
      blocks.push({ line: begin, language, text: text.join('\n'), mark });
      mark = undefined;
    } else if (line.startsWith('    ') && (lines[at - 1] ?? '') === '' && !isInList(lines, at)) {
      const text = [line];
      while (/^( {4}|$)/.test(lines[at + 1] ?? 'end')) text.push(lines[++at] ?? '');
      blocks.push({
        line: begin,
        language: '',
        text: text
          .map((one) => one.slice(4))
          .join('\n')
          .trimEnd(),
        mark,
      });
      mark = undefined;
    } else if (line !== '') mark = undefined;
  }
  return blocks;
}

/** Whether an indented line goes on with an item of a list. */
function isInList(lines: readonly string[], at: number): boolean {
  const before = lines.slice(0, at).findLast((line) => /^\S/.test(line)) ?? '';
  return /^([-*]|\d+\.) /.test(before);
}

function markOf(comment: string): Mark | undefined {
  const [, before] = /^before: ([\s\S]*)$/.exec(comment) ?? [];
  if (before !== undefined) return { kind: 'before', command: before };
  const [, why] = /^placeholder: ([\s\S]*)$/.exec(comment) ?? [];
  if (why !== undefined) return { kind: 'placeholder', why: why.replaceAll(/\s+/g, ' ') };
  const [what = '', ...clauses] = comment.split(/;\s+/);
  const all = (word: string) =>
    clauses.flatMap((clause) => (clause.startsWith(`${word} `) ? [clause.slice(word.length + 1)] : []));
  const as = all('as').map((clause): [string, string] => {
    const at = clause.indexOf('=');
    return [clause.slice(0, at), clause.slice(at + 1)];
  });
  const strange = clauses.find((clause) => !/^(exit|as|add|behind) |^shape$/.test(clause));
  if (strange !== undefined) return undefined;
  const [, name] = /^file (\S+)$/.exec(what) ?? [];
  if (name !== undefined) return { kind: 'file', name, as };
  const [, of] = /^part of (\S+)$/.exec(what) ?? [];
  if (of !== undefined) return { kind: 'part', of };
  if (what === 'output') return { kind: 'output', shape: clauses.includes('shape') };
  if (what !== 'command') return undefined;
  const [exit = '0'] = all('exit');
  return { kind: 'command', exit: Number(exit), as, add: all('add').join(' '), behind: all('behind') };
}
