/** What may hold the signs of a comment and is none, and where a comment begins. */
const lexemes = /\be'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$.*?\$\1\$|--[^\n\r]*|\/\*/gis;

/** SQL with a blank in place of each comment. */
export function withoutComments(sql: string): string {
  let kept = '';
  let end = 0;
  const lexeme = new RegExp(lexemes);
  for (let found = lexeme.exec(sql); found; found = lexeme.exec(sql)) {
    const [text] = found;
    if (!/^(--|\/\*)/.test(text)) continue;
    kept += `${sql.slice(end, found.index)} `;
    end = text === '/*' ? endOfBlock(sql, found.index) : lexeme.lastIndex;
    lexeme.lastIndex = end;
  }
  return kept + sql.slice(end);
}

/** Such a comment may hold others. */
function endOfBlock(sql: string, begin: number): number {
  let depth = 0;
  for (const { 0: text, index } of sql.slice(begin).matchAll(/\/\*|\*\//g)) {
    depth += text === '/*' ? 1 : -1;
    if (depth === 0) return begin + index + text.length;
  }
  return sql.length;
}
