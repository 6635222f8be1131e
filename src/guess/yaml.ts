import { Document, isCollection, isNode } from 'yaml';

/** A value as YAML on one line. */
export function flow(value: object): string {
  const document = new Document(value);
  if (isCollection(document.contents)) document.contents.flow = true;
  return document.toString({ flowCollectionPadding: true, lineWidth: 0 }).trim();
}

/** `key: value # remark`, with a list or mapping on one line. @param indent Blanks in front. */
export function line(indent: number, key: string, value: unknown, remark = ''): string {
  const document = new Document({ [key]: value });
  const node = document.get(key, true);
  if (isCollection(node)) node.flow = true;
  if (isNode(node) && remark !== '') node.comment = ` ${remark.replaceAll(/\s+/g, ' ')}`;
  const text = document.toString({ flowCollectionPadding: true, lineWidth: 0 }).trimEnd();
  return text.replaceAll(/^(?=.)/gm, ' '.repeat(indent));
}
