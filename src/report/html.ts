const markup = Symbol('markup');

/** Text that is already markup. Only `html` and `trusted` create it. */
export interface Html {
  readonly [markup]: string;
}

type Value = string | number | Html | null | readonly Value[];

/**
 * A tagged template that creates markup. Values are escaped for content and for attributes in double quotes, unless
 * they are markup. An array stands for its parts in order, null for nothing.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  return trusted(strings.map((part, index) => part + rendered(values[index] ?? null)).join(''));
}

/**
 * Markup that this program created: a drawing, a style sheet, a script. Never use it for text of a config or a data
 * set.
 */
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
  return text
    .replace(/[&<>"']/g, (character) => entities[character] ?? '')
    .replace(/(?![\t\n])[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '\ufffd'); // what XML does not allow
}
