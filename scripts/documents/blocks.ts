/**
 * What a code block of a page is, by the HTML comment above it, which no page shows:
 *
 * - `<!-- command -->`: the block is run. Clauses may follow: `; as FILE=mine.csv` (these words stand for others), `; add
 *   train.epochs=1` (further words of each ple train and ple compare, so that it is quick).
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
  /** With what stands for some of its words. */
  readonly text: string;
  /** Undefined: nothing says what it is. */
  readonly mark: Mark | undefined;
}

interface Mark {
  readonly kind: string;
  /** The name of the file or config, the command before, or the reason. */
  readonly of: string;
  /** Texts of the block, and what stands for them. */
  readonly as: readonly (readonly [text: string, by: string])[];
  readonly add: string;
  readonly shape: boolean;
}

/** The blocks of a page, and the commands before them, in the order of the page. */
export function blocksOf(page: string): readonly Block[] {
  const lines = page.split('\n');
  const blocks: Block[] = [];
  let mark: Mark | undefined;
  let [at, isList] = [0, false];
  /** The lines from here on, up to the first that ends them. */
  const until = (ends: (line: string) => boolean): string[] => {
    const first = at;
    while (at < lines.length && !ends(lines[at] ?? '')) at++;
    return lines.slice(first, at);
  };
  while (at < lines.length) {
    const [line = '', begin] = [lines[at], at + 1];
    const add = (language: string, inside: readonly string[]) => {
      const written = inside.join('\n').trimEnd();
      const text = mark?.as.reduce((text, [from, to]) => text.replaceAll(from, () => to), written) ?? written;
      blocks.push({ line: begin, language, text, mark });
      mark = undefined;
    };
    if (/^\S/.test(line)) isList = /^([-*]|\d+\.) /.test(line);
    if (line.startsWith('<!--')) {
      const comment = [...until((one) => one.includes('-->')), lines[at++] ?? ''].join('\n');
      mark = markOf(comment.replace(/^<!--\s*|\s*-->\s*$/g, ''));
      if (mark?.kind === 'before') add('', [mark.of]);
    } else if (line.startsWith('```')) {
      at++;
      add(
        line.slice(3),
        until((one) => one.startsWith('```')),
      );
      at++;
    } else if (line.startsWith('    ') && lines[at - 1] === '' && !isList) {
      add(
        '',
        until((one) => !/^( {4}|$)/.test(one)).map((one) => one.slice(4)),
      );
    } else {
      if (line !== '') mark = undefined;
      at++;
    }
  }
  return blocks;
}

function markOf(comment: string): Mark | undefined {
  const form = /^(before|placeholder|file|part of|command|output)(:?)\s*(.*)$/s;
  const [, kind, colon, rest = ''] = form.exec(comment) ?? [];
  const [of = '', ...clauses] = colon ? [rest] : rest.split(/;\s+/);
  if (kind === undefined || clauses.some((clause) => !/^(as|add) |^shape$/.test(clause))) return undefined;
  const all = (word: string) =>
    clauses.flatMap((clause) => (clause.split(`${word} `, 2)[0] === '' ? [clause.slice(word.length + 1)] : []));
  const as = all('as').map((clause): [string, string] => {
    const at = clause.indexOf('=');
    return [clause.slice(0, at), clause.slice(at + 1)];
  });
  return { kind, of, as, add: all('add').join(' '), shape: clauses.includes('shape') };
}
