const markup = Symbol('markup');

/** Text that is markup already. Only `html` and `trusted` make it. */
export interface Html {
  readonly [markup]: string;
}

type Value = string | number | Html | null | readonly Value[];

/**
 * A tagged template that makes markup: a value in it is text, escaped for content and for attributes in double quotes, unless it is markup
 * itself; an array is its parts one after another, null is nothing.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  return trusted(strings.map((part, index) => part + rendered(values[index] ?? null)).join(''));
}

/** Markup that this program made: a drawing, a style sheet, a script. Never for text of a config or a data set. */
export function trusted(text: string): Html {
  return { [markup]: text };
}

export function toText(value: Html): string {
  return value[markup];
}

function rendered(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return escaped(value);
  return isMarkup(value) ? value[markup] : value.map(rendered).join('');
}

function isMarkup(value: Html | readonly Value[]): value is Html {
  return markup in value;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '').replace(/[^\P{Cc}\t\n]/gu, '\ufffd');
}
